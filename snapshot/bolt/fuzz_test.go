package bolt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"

	"go.etcd.io/bbolt"

	"etcdkit/snapshot/internal/dbtest"
)

// FuzzBucket walks one bucket alone, without the check that no page is used
// twice.
func FuzzBucket(f *testing.F) {
	b := dbtest.Bytes(f, dbtest.Layout{PageSize: 1024}, func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucket([]byte("b"))
		for i := 0; i < 200 && err == nil; i++ {
			err = b.Put(fmt.Appendf(nil, "%03d", i), bytes.Repeat([]byte("v"), i%50))
		}
		return err
	})
	f.Add(b[2*1024:8*1024], uint64(3))
	for id := uint64(2); id < uint64(len(b)/1024); id++ {
		if binary.NativeEndian.Uint16(b[id*1024+8:]) == branchPage {
			f.Add(b[2*1024:], id)
		}
	}
	f.Fuzz(func(t *testing.T, pages []byte, root uint64) {
		data := append(make([]byte, 2*1024), pages...)
		file := &File{src: bytes.NewReader(data), size: int64(len(data)), data: int64(len(data))}
		file.meta = meta{pageSize: 1024, end: uint64(len(data) / 1024)}
		c := (&Bucket{Name: "b", f: file, root: max(root, 2)}).Cursor(t.Context())
		for last := []byte(nil); c.Next(); last = slices.Clone(c.Key()) {
			if last != nil && bytes.Compare(last, c.Key()) >= 0 {
				t.Fatalf("%x after %x", c.Key(), last)
			}
			if c.IsBucket() {
				if n, err := file.root().child(c); err == nil {
					for in := n.Cursor(t.Context()); in.Next(); {
					}
				}
			}
		}
		if err := c.Err(); err != nil && !errors.Is(err, ErrCorrupt) {
			t.Error(err)
		}
	})
}
