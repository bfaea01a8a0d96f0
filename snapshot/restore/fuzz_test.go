package restore

import (
	"encoding/binary"
	"errors"
	"hash/fnv"
	"os"
	"path/filepath"
	"slices"
	"testing"

	bolt "go.etcd.io/bbolt"

	"etcdkit/snapshot"
)

const fuzzPage = 1024

// seed is a small database with pages of that size.
func seed(t testing.TB, noFreelist bool) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "db")
	db, err := bolt.Open(path, 0o600, &bolt.Options{PageSize: fuzzPage, NoFreelistSync: noFreelist, NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range []func(*bolt.Tx) error{fill, func(tx *bolt.Tx) error {
		c := tx.Bucket([]byte("key")).Cursor()
		for k, _ := c.Seek(snapshot.Revision{Main: 8}.AppendKey(nil)); k != nil; k, _ = c.Next() {
			if err := c.Delete(); err != nil {
				return err
			}
		}
		return nil
	}} {
		if err := db.Update(change); err != nil {
			t.Fatal(err)
		}
	}
	// Only the first pages are small: deleted data is at the end.
	small := filepath.Join(t.TempDir(), "small")
	to, err := bolt.Open(small, 0o600, &bolt.Options{PageSize: fuzzPage, NoFreelistSync: noFreelist, NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(bolt.Compact(to, db, 0), to.Close(), db.Close()); err != nil {
		t.Fatal(err)
	}
	return readFile(t, small)
}

// FuzzRestore restores arbitrary files with valid meta pages. A restore makes a
// directory that bbolt can read, or nothing. FuzzFile searches for faults in
// the file itself.
func FuzzRestore(f *testing.F) {
	f.Add(seed(f, true), false)
	f.Add(seed(f, false), true)
	f.Fuzz(func(t *testing.T, b []byte, bump bool) {
		b = slices.Clone(b)
		for _, at := range []int{16, fuzzPage + 16} {
			if len(b) >= at+64 {
				h := fnv.New64a()
				h.Write(b[at : at+56])
				binary.NativeEndian.PutUint64(b[at+56:], h.Sum64())
			}
		}
		dir := t.TempDir()
		cfg := config(writeFile(t, b), dir)
		cfg.SkipHashCheck = true
		if bump {
			cfg.RevisionAtLeast = 100
		}
		if _, err := Restore(t.Context(), cfg); err != nil {
			wantTree(t, dir)
			return
		}
		db := filepath.Join(cfg.DataDir, "member", "snap", "db")
		contents(t, db, "members")
		if _, err := os.Stat(filepath.Join(cfg.DataDir, "member", "wal")); err != nil {
			t.Error(err)
		}
	})
}
