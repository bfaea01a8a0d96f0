package snapshot

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	bolt "go.etcd.io/bbolt"
)

// TestCursor compares whole buckets with what bbolt reads.
func TestCursor(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		layout layout
		keys   int
		value  int
	}{
		{"inline", layout{}, 3, 10},
		{"empty", layout{}, 0, 0},
		{"one page", layout{}, 100, 20},
		{"two levels", layout{}, 2000, 20},
		{"three levels", layout{pageSize: 1024}, 20_000, 20},
		{"large pages", layout{pageSize: 65536}, 3000, 200},
		{"values on many pages", layout{pageSize: 1024}, 40, 30_000},
		{"a value larger than the window", layout{}, 3, 3 * maxWindow},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			path := writeDB(t, tc.layout, func(tx *bolt.Tx) error {
				b, err := tx.CreateBucket([]byte("b"))
				for i := 0; i < tc.keys && err == nil; i++ {
					err = b.Put(fmt.Appendf(nil, "%06d", i*7919%1000003), bytes.Repeat([]byte{byte(i)}, tc.value))
				}
				return err
			})
			b, ok, err := open(t, path).Bucket(t.Context(), "b")
			if err != nil || !ok {
				t.Fatal(ok, err)
			}
			db, err := bolt.Open(path, 0o400, &bolt.Options{ReadOnly: true})
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			c := b.Cursor(t.Context())
			n := 0
			err = db.View(func(tx *bolt.Tx) error {
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
		})
	}
}

func TestBucketNames(t *testing.T) {
	t.Parallel()
	f := open(t, newHistory().write(t, layout{}))
	for name, want := range map[string]bool{"key": true, "meta": true, "KEY": false, "": false, "zzz": false} {
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
		{&CorruptError{Page: NoPage, Bucket: "key", Key: []byte("a\n"), Detail: "d"}, `corrupt snapshot: bucket "key", key "a\n": d`},
		{&CorruptError{Page: 1, Bucket: "b", Key: long, Detail: "d"},
			fmt.Sprintf("corrupt snapshot: page 1, bucket \"b\", key %q... (100 bytes): d", long[:64])},
	} {
		if got := tc.err.Error(); got != tc.want || !errors.Is(tc.err, ErrCorrupt) {
			t.Errorf("got  %s\nwant %s", got, tc.want)
		}
	}
}
