// Package backuptest makes snapshots for tests, and a store that fails where a
// test wants it to.
package backuptest

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"google.golang.org/protobuf/proto"
)

// Contents say what is in a snapshot. The zero value is that of a server that
// was never written to.
type Contents struct {
	Keys   int    // each put at a revision of its own, from 2 on
	Prefix string // of all keys
	Leases int
	Value  int  // bytes of each value, random
	Auth   bool // authentication is on
	Full   bool // there is a NOSPACE alarm
}

// buckets are those that every server makes.
func buckets() []string {
	return []string{"alarm", "auth", "authRoles", "authUsers", "cluster", "key", "lease", "members", "members_removed", "meta"}
}

// Snapshot returns what a server with these contents sends: the file and its
// sha256.
func Snapshot(t testing.TB, c Contents) []byte {
	t.Helper()
	db, err := bbolt.Open(filepath.Join(t.TempDir(), "db"), 0o600, &bbolt.Options{NoSync: true, NoFreelistSync: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(func(tx *bbolt.Tx) error { return fill(tx, c) }); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := db.View(func(tx *bbolt.Tx) error { _, err := tx.WriteTo(&b); return err }); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b.Bytes())
	return append(b.Bytes(), sum[:]...)
}

func fill(tx *bbolt.Tx, c Contents) error {
	for _, name := range buckets() {
		if _, err := tx.CreateBucket([]byte(name)); err != nil {
			return err
		}
	}
	random := rand.New(rand.NewPCG(uint64(c.Keys), uint64(c.Value))) //nolint:gosec // values of a test
	for i := range int64(c.Keys) {
		value := make([]byte, c.Value)
		for j := range value {
			value[j] = byte(random.Uint32())
		}
		rev := i + 2
		record, err := proto.Marshal(&mvccpb.KeyValue{
			Key: fmt.Appendf(nil, "%skey/%06d", c.Prefix, i), Value: value, CreateRevision: rev, ModRevision: rev, Version: 1,
		})
		if err != nil {
			return err
		}
		key := append(binary.BigEndian.AppendUint64(nil, uint64(rev)), '_', 0, 0, 0, 0, 0, 0, 0, 0)
		if err := tx.Bucket([]byte("key")).Put(key, record); err != nil {
			return err
		}
	}
	for i := range uint64(c.Leases) {
		id := binary.BigEndian.AppendUint64(nil, i+1)
		if err := tx.Bucket([]byte("lease")).Put(id, append([]byte{0x08}, append(binary.AppendUvarint(nil, i+1), 0x10, 60)...)); err != nil {
			return err
		}
	}
	if c.Auth {
		if err := tx.Bucket([]byte("auth")).Put([]byte("authEnabled"), []byte{1}); err != nil {
			return err
		}
	}
	if c.Full { // member 0x8e9e05c52164694d, NOSPACE
		alarm := append([]byte{0x08}, append(binary.AppendUvarint(nil, 10276657743932975437), 0x10, 1)...)
		if err := tx.Bucket([]byte("alarm")).Put(alarm, nil); err != nil {
			return err
		}
	}
	if err := tx.Bucket([]byte("meta")).Put([]byte("storageVersion"), []byte("3.7.0")); err != nil {
		return err
	}
	return tx.Bucket([]byte("members")).Put([]byte("8e9e05c52164694d"), []byte(`{"id":10276657743932975437}`))
}
