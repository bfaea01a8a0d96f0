package bolt

import (
	"encoding/binary"
	"hash/fnv"
	"io"
)

// WriteEmptyFreelist makes a copy of the file's pages say that none of them is
// free, as a transaction of bbolt would: with a freelist after the last page
// and a meta page of the next transaction. Without one, bbolt would read the
// whole tree to find the free pages before it could write anything. A
// transaction with NoFreelistSync takes it out again. It does nothing where the
// file has a freelist.
func (f *File) WriteEmptyFreelist(dup io.WriterAt) error {
	m := f.meta
	if m.freelist != noFreelist {
		return nil
	}
	e := binary.NativeEndian
	list := make([]byte, m.pageSize)
	e.PutUint64(list, m.end)
	e.PutUint16(list[8:], freelistPage)
	if _, err := dup.WriteAt(list, int64(m.end)*m.pageSize); err != nil {
		return err
	}
	page := make([]byte, pageHeaderSize+metaSize)
	if err := f.readAt(page, m.page*m.pageSize); err != nil {
		return err
	}
	next := (m.txid + 1) % 2
	e.PutUint64(page, next)
	b := page[pageHeaderSize:]
	e.PutUint64(b[32:], m.end) // freelist
	e.PutUint64(b[40:], m.end+1)
	e.PutUint64(b[48:], m.txid+1)
	h := fnv.New64a()
	_, _ = h.Write(b[:56]) // a hash does not fail
	e.PutUint64(b[56:], h.Sum64())
	_, err := dup.WriteAt(page, int64(next)*m.pageSize)
	return err
}
