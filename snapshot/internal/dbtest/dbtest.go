// Package dbtest makes bbolt files for tests.
package dbtest

import (
	"bytes"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"
)

// Layout says how a file is written.
type Layout struct {
	PageSize int
	Freelist bool // write one
}

// Bytes returns a file as a server's snapshot has it, without a sha256.
func Bytes(t testing.TB, l Layout, fill ...func(*bbolt.Tx) error) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "db")
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{PageSize: l.PageSize, NoFreelistSync: !l.Freelist})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range fill {
		if err := db.Update(f); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := db.View(func(tx *bbolt.Tx) error { _, err := tx.WriteTo(&b); return err }); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
