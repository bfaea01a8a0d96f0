package restore

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	bolt "go.etcd.io/bbolt"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"google.golang.org/protobuf/proto"

	"etcdkit/snapshot"
)

const sourceKeys = 300

// source makes a snapshot of sourceKeys keys at revision sourceKeys+1, of a
// cluster with other members.
func source(t testing.TB) string {
	t.Helper()
	db, err := bolt.Open(filepath.Join(t.TempDir(), "db"), 0o600, &bolt.Options{NoFreelistSync: true, NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Update(fill); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := db.View(func(tx *bolt.Tx) error { _, err := tx.WriteTo(&b); return err }); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b.Bytes())
	return writeFile(t, append(b.Bytes(), sum[:]...))
}

func fill(tx *bolt.Tx) error {
	for bucket, records := range map[string]map[string]string{
		"alarm":           {},
		"cluster":         {"clusterVersion": "3.7.0"},
		"lease":           {"12345678": "lease"},
		"members":         {"aaaaaaaaaaaaaaaa": "{}", "bbbbbbbbbbbbbbbb": "{}"},
		"members_removed": {"cccccccccccccccc": "removed"},
		"meta":            {"consistent_index": "\x00\x00\x00\x00\x00\x00\x10\x00", "term": "\x00\x00\x00\x00\x00\x00\x00\x09", "confState": "{}"},
	} {
		b, err := tx.CreateBucket([]byte(bucket))
		if err != nil {
			return err
		}
		for k, v := range records {
			if err := b.Put([]byte(k), []byte(v)); err != nil {
				return err
			}
		}
	}
	b, err := tx.CreateBucket([]byte("key"))
	for i := int64(2); i <= sourceKeys+1 && err == nil; i++ {
		var v []byte
		v, err = proto.Marshal(&mvccpb.KeyValue{
			Key: fmt.Appendf(nil, "k%d", i), Value: make([]byte, 2000), CreateRevision: i, ModRevision: i, Version: 1,
		})
		if err == nil {
			err = b.Put(snapshot.Revision{Main: i}.AppendKey(nil), v)
		}
	}
	return err
}

func writeFile(t testing.TB, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "snapshot.db")
	if err := os.WriteFile(path, b, 0o400); err != nil {
		t.Fatal(err)
	}
	return path
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// config restores the snapshot below dir, as the flags' defaults say.
func config(snapshotPath, dir string) Config {
	return Config{
		SnapshotPath:        snapshotPath,
		Name:                "default",
		DataDir:             filepath.Join(dir, "data"),
		PeerURLs:            []string{"http://localhost:2380"},
		InitialCluster:      "default=http://localhost:2380",
		InitialClusterToken: "etcd-cluster",
	}
}

// tree lists all below dir with its mode.
func tree(t testing.TB, dir string) []string {
	t.Helper()
	all := []string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		info, err := e.Info()
		rel, relErr := filepath.Rel(dir, path)
		if err != nil || relErr != nil {
			return err
		}
		all = append(all, fmt.Sprintf("%v %s", info.Mode(), filepath.ToSlash(rel)))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func wantTree(t testing.TB, dir string, want ...string) {
	t.Helper()
	if got := tree(t, dir); !slices.Equal(got, want) {
		t.Errorf("in %s\ngot  %q\nwant %q", dir, got, want)
	}
}

// contents reads a bucket.
func contents(t testing.TB, path, bucket string) map[string]string {
	t.Helper()
	db, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	m := map[string]string{}
	err = db.View(func(tx *bolt.Tx) error {
		for err := range tx.Check() {
			t.Error(err)
		}
		return tx.Bucket([]byte(bucket)).ForEach(func(k, v []byte) error {
			m[string(k)] = string(v)
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}
