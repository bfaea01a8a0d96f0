package defrag

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	bolt "go.etcd.io/bbolt"

	"etcdkit/snapshot"
)

// database makes a database of n records, of which every fifth is kept, in its
// own directory.
func database(t *testing.T, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "db")
	db, err := bolt.Open(path, 0o640, &bolt.Options{NoFreelistSync: true, NoSync: true, PageSize: 4096})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	update := func(f func(*bolt.Tx) error) {
		if err := db.Update(f); err != nil {
			t.Fatal(err)
		}
	}
	key := func(i int) []byte { return snapshot.Revision{Main: int64(i + 2)}.AppendKey(nil) }
	update(func(tx *bolt.Tx) error {
		for _, name := range []string{"alarm", "key", "lease", "meta", "nested"} {
			if _, err := tx.CreateBucket([]byte(name)); err != nil {
				return err
			}
		}
		for i := range n {
			if err := tx.Bucket([]byte("key")).Put(key(i), bytes.Repeat([]byte{0x2a, 1, 'v'}, i%300)); err != nil {
				return err
			}
		}
		in, err := tx.Bucket([]byte("nested")).CreateBucket([]byte("deeper"))
		if err != nil {
			return err
		}
		return errors.Join(in.Put([]byte("k"), []byte("v")), tx.Bucket([]byte("nested")).Put([]byte("z"), nil))
	})
	update(func(tx *bolt.Tx) error {
		for i := range n {
			if i%5 != 0 {
				if err := tx.Bucket([]byte("key")).Delete(key(i)); err != nil {
					return err
				}
			}
		}
		return tx.Bucket([]byte("key")).Put(key(n), append([]byte{0x2a, 0x80, 0x80, 0x80, 0x03}, make([]byte, 6<<20)...)) // larger than a batch
	})
	return path
}

// contents is all that a database holds, by the path of its key.
func contents(t *testing.T, path string) map[string]string {
	t.Helper()
	db, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	all := map[string]string{}
	var walk func(prefix string, b *bolt.Bucket) error
	walk = func(prefix string, b *bolt.Bucket) error {
		return b.ForEach(func(k, v []byte) error {
			all[prefix+string(k)] = string(v)
			if in := b.Bucket(k); in != nil {
				return walk(prefix+string(k)+"/", in)
			}
			return nil
		})
	}
	err = db.View(func(tx *bolt.Tx) error {
		for err := range tx.Check() {
			t.Error(err)
		}
		return tx.ForEach(func(name []byte, b *bolt.Bucket) error {
			all[string(name)] = ""
			return walk(string(name)+"/", b)
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// alone makes sure that nothing is in the directory but the database.
func alone(t *testing.T, path string) {
	t.Helper()
	list, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(list) != 1 || list[0].Name() != "db" {
		t.Errorf("in the directory: %v, %v", list, err)
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 1000, 30000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			path := database(t, n)
			want, before := contents(t, path), len(read(t, path))
			left := filepath.Join(filepath.Dir(path), "db.tmp.123") // of a killed run
			if err := os.WriteFile(left, []byte("half"), 0o600); err != nil {
				t.Fatal(err)
			}
			r, err := Run(t.Context(), path, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if !maps.Equal(contents(t, path), want) {
				t.Error("the content has changed")
			}
			alone(t, path)
			after := len(read(t, path))
			if r.Before != int64(before) || r.After != int64(after) || after > before {
				t.Errorf("%+v, from %d to %d bytes", r, before, after)
			}
			if info, err := os.Stat(path); err != nil || info.Mode() != 0o640 {
				t.Errorf("mode %v, %v", info.Mode(), err)
			}
			again, err := Run(t.Context(), path, Options{})
			if err != nil || again.After > r.After {
				t.Errorf("again: %+v, %v", again, err)
			}
		})
	}
}

// TestFullPages has less than one page in twenty to spare.
func TestFullPages(t *testing.T) {
	t.Parallel()
	path := database(t, 20000)
	r, err := Run(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	size := 0
	for k, v := range contents(t, path) {
		size += len(k) + len(v) + 16
	}
	if limit := int64(size) * 115 / 100; r.After > limit { // records do not fill pages to the byte
		t.Errorf("%d bytes of records in %d", size, r.After)
	}
}

func TestLocked(t *testing.T) {
	t.Parallel()
	path := database(t, 10)
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := "timeout: another process has locked " + path + ": is an etcd server running on it?"
	if _, err := Run(t.Context(), path, Options{Wait: 1}); err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
	got := make(chan error)
	go func() {
		_, err := Run(t.Context(), path, Options{})
		got <- err
	}()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-got; err != nil {
		t.Error(err)
	}
	alone(t, path)
}

// TestSideBySide runs several at once: each waits for the one before it, and
// finds the file that it has put in place.
func TestSideBySide(t *testing.T) {
	t.Parallel()
	path := database(t, 2000)
	want := contents(t, path)
	errs := make(chan error)
	for range 4 {
		go func() {
			_, err := Run(t.Context(), path, Options{})
			errs <- err
		}()
	}
	for range 4 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if !maps.Equal(contents(t, path), want) {
		t.Error("the content has changed")
	}
	alone(t, path)
}

// TestDamaged checks that a damaged file is left unchanged.
func TestDamaged(t *testing.T) {
	t.Parallel()
	whole := read(t, database(t, 3000))
	meta := whole[16:]
	if other := whole[4096+16:]; binary.NativeEndian.Uint64(other[48:]) > binary.NativeEndian.Uint64(meta[48:]) {
		meta = other
	}
	root := int(binary.NativeEndian.Uint64(meta[16:]))
	flip := func(at int) []byte { b := bytes.Clone(whole); b[at] ^= 0x40; return b }
	for name, b := range map[string][]byte{
		"empty": {}, "text": []byte("hello"), "half": whole[:len(whole)/2/4096*4096], "page": flip(root*4096 + 8),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "db")
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Run(t.Context(), path, Options{})
			if !errors.Is(err, snapshot.ErrCorrupt) {
				t.Errorf("got %v", err)
			}
			alone(t, path)
			if !bytes.Equal(read(t, path), b) {
				t.Error("the file was changed")
			}
		})
	}
	if _, err := Run(t.Context(), filepath.Join(t.TempDir(), "none"), Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// TestBadRecord finds a record that cannot be decoded, in whole pages.
func TestBadRecord(t *testing.T) {
	t.Parallel()
	path := database(t, 10)
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bolt.Tx) error { return tx.Bucket([]byte("key")).Put([]byte("no revision"), nil) })
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	before := read(t, path)
	if _, err := Run(t.Context(), path, Options{}); !errors.Is(err, snapshot.ErrCorrupt) || !strings.Contains(err.Error(), `key "no revision"`) {
		t.Errorf("got %v", err)
	}
	alone(t, path)
	if !bytes.Equal(read(t, path), before) {
		t.Error("the file was changed")
	}
}

// countdown is a context that ends when it has been asked a number of times.
type countdown struct {
	context.Context
	left atomic.Int64
}

func (c *countdown) Err() error {
	if c.left.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}

// TestCanceled ends the context at the places that look at it.
func TestCanceled(t *testing.T) {
	t.Parallel()
	path := database(t, 8000)
	before := read(t, path)
	for n := int64(0); ; n += 1 + n/2 {
		ctx := &countdown{Context: t.Context()}
		ctx.left.Store(n)
		_, err := Run(ctx, path, Options{})
		if err == nil {
			if n < 5 {
				t.Errorf("looked at the context %d times", n)
			}
			return
		}
		if !errors.Is(err, context.Canceled) {
			t.Errorf("after %d looks: %v", n, err)
		}
		alone(t, path)
		if !bytes.Equal(read(t, path), before) {
			t.Fatal("the file was changed")
		}
	}
}
