package bolt

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"go.etcd.io/bbolt"

	"etcdkit/snapshot/internal/dbtest"
)

// TestCursor compares whole buckets with what bbolt reads.
func TestCursor(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		layout dbtest.Layout
		keys   int
		value  int
	}{
		{"inline", dbtest.Layout{}, 3, 10},
		{"empty", dbtest.Layout{}, 0, 0},
		{"one page", dbtest.Layout{}, 100, 20},
		{"two levels", dbtest.Layout{}, 2000, 20},
		{"three levels", dbtest.Layout{PageSize: 1024}, 20_000, 20},
		{"large pages", dbtest.Layout{PageSize: 65536}, 3000, 200},
		{"values on many pages", dbtest.Layout{PageSize: 1024}, 40, 30_000},
		{"a value larger than the window", dbtest.Layout{}, 3, 3 * maxWindow},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			data := dbtest.Bytes(t, tc.layout, func(tx *bbolt.Tx) error {
				b, err := tx.CreateBucket([]byte("b"))
				for i := 0; i < tc.keys && err == nil; i++ {
					err = b.Put(fmt.Appendf(nil, "%06d", i*7919%1000003), bytes.Repeat([]byte{byte(i)}, tc.value))
				}
				return err
			})
			b, ok, err := open(t, data).Bucket(t.Context(), "b")
			if err != nil || !ok {
				t.Fatal(ok, err)
			}
			path := filepath.Join(t.TempDir(), "db")
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			db, err := bbolt.Open(path, 0o400, &bbolt.Options{ReadOnly: true})
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			c := b.Cursor(t.Context())
			n := 0
			err = db.View(func(tx *bbolt.Tx) error {
				return tx.Bucket([]byte("b")).ForEach(func(k, v []byte) error {
					n++
					if !c.Next() || !bytes.Equal(c.Key(), k) || !bytes.Equal(c.Value(), v) || c.IsBucket() {
						t.Fatalf("at %q: got %q, %v", k, c.Key(), c.Err())
					}
					return nil
				})
			})
			if err != nil {
				t.Fatal(err)
			}
			if c.Next() || c.Err() != nil || n != tc.keys {
				t.Errorf("%d elements, then %q, %v", n, c.Key(), c.Err())
			}
			checkBackward(t, b)
		})
	}
}

// checkBackward compares what a cursor yields backward, from the end and from
// keys on, with what it yields forward.
func checkBackward(t *testing.T, b *Bucket) {
	t.Helper()
	var all []string
	again := b.Reader()
	line := func(c *Cursor) string {
		value, ok, err := again.Value(c.Place())
		if err != nil || !ok || !bytes.Equal(value, c.Value()) {
			t.Fatalf("%q is not at its place: %v, %v", c.Key(), ok, err)
		}
		return fmt.Sprintf("%s %x", c.Key(), c.Value()[:min(4, len(c.Value()))])
	}
	for c := b.Cursor(t.Context()); c.Next(); {
		all = append(all, line(c))
	}
	for at := len(all); at >= 0; at -= max(1, at/2) {
		var below []byte
		if at < len(all) {
			below = []byte(all[at][:6])
		}
		c := b.CursorBack(t.Context(), below)
		var got []string
		for c.Next() {
			if below == nil || bytes.Compare(c.Key(), below) < 0 {
				got = append(got, line(c))
			}
		}
		slices.Reverse(got)
		if c.Err() != nil || !slices.Equal(got, all[:at]) {
			t.Fatalf("below element %d: %d elements, %v", at, len(got), c.Err())
		}
	}
}

func TestBucketNames(t *testing.T) {
	t.Parallel()
	f := open(t, dbtest.Bytes(t, dbtest.Layout{}, func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucket([]byte("one"))
		if err == nil {
			_, err = tx.CreateBucket([]byte("two"))
		}
		return err
	}))
	for name, want := range map[string]bool{"one": true, "two": true, "ONE": false, "": false, "zzz": false} {
		b, ok, err := f.Bucket(t.Context(), name)
		if err != nil || ok != want || (ok && b.Name != name) {
			t.Errorf("%q: %v, %v", name, ok, err)
		}
	}
}

func TestCorruptError(t *testing.T) {
	t.Parallel()
	long := bytes.Repeat([]byte("k"), 100)
	for _, tc := range []struct {
		err  *CorruptError
		want string
	}{
		{&CorruptError{Page: NoPage, Detail: "d"}, "corrupt snapshot: d"},
		{&CorruptError{Page: 7, Detail: "d"}, "corrupt snapshot: page 7: d"},
		{&CorruptError{Page: NoPage, Bucket: "b", Key: []byte("a\n"), Detail: "d"}, `corrupt snapshot: bucket "b", key "a\n": d`},
		{&CorruptError{Page: 1, Bucket: "b", Key: long, Detail: "d"},
			fmt.Sprintf("corrupt snapshot: page 1, bucket \"b\", key %q... (100 bytes): d", long[:64])},
	} {
		if got := tc.err.Error(); got != tc.want || !errors.Is(tc.err, ErrCorrupt) {
			t.Errorf("got  %s\nwant %s", got, tc.want)
		}
	}
}

func open(t testing.TB, b []byte) *File {
	t.Helper()
	f, err := Open(bytes.NewReader(b), int64(len(b)), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}
