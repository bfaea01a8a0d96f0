package snapshot

import (
	"encoding/binary"
	"hash/fnv"
)

const (
	metaSize    = 64 // of the meta fields, checksum included
	magic       = 0xED0CDAED
	metaVersion = 2
	noFreelist  = 1<<64 - 1

	minPageSize = 1 << 10 // bbolt looks for a second meta page between these
	maxPageSize = 1 << 24
)

// meta is the part of a valid meta page that readers need.
type meta struct {
	pageSize int64
	root     uint64 // page of the bucket of buckets
	freelist uint64 // page, or noFreelist
	end      uint64 // all pages in use have ids below this
	txid     uint64
}

// readMeta finds the page size and picks the meta page in force as bbolt does
// (db.go: getPageSize, mmap, meta), then checks it against the file's size.
func readMeta(f *File) (meta, error) {
	m0, ok0 := metaAt(f, 0)
	if ok0 {
		m1, ok1 := metaAt(f, m0.pageSize)
		if ok1 && m1.pageSize == m0.pageSize && m1.txid > m0.txid {
			m0 = m1
		}
		return m0, checkMeta(f, m0)
	}
	// The first meta page is bad, so the place of the second is not known.
	for size := int64(minPageSize); size <= maxPageSize; size <<= 1 {
		if m1, ok1 := metaAt(f, size); ok1 && m1.pageSize == size {
			return m1, checkMeta(f, m1)
		}
	}
	return meta{}, corrupt(NoPage, "not a bbolt file: no valid meta page in %d bytes", f.size)
}

// metaAt decodes the meta page that starts at off. A page that cannot be read
// is not valid, as are one that bbolt would not take and page sizes that etcd
// cannot have made.
func metaAt(f *File, off int64) (meta, bool) {
	var b [pageHeaderSize + metaSize]byte
	if off+int64(len(b)) > f.data || f.readAt(b[:], off) != nil {
		return meta{}, false
	}
	return parseMeta(b[pageHeaderSize:])
}

func parseMeta(b []byte) (meta, bool) {
	e := binary.NativeEndian
	if e.Uint32(b) != magic || e.Uint32(b[4:]) != metaVersion {
		return meta{}, false
	}
	h := fnv.New64a()
	_, _ = h.Write(b[:56]) // a hash does not fail
	if h.Sum64() != e.Uint64(b[56:]) {
		return meta{}, false
	}
	m := meta{
		pageSize: int64(e.Uint32(b[8:])),
		root:     e.Uint64(b[16:]),
		freelist: e.Uint64(b[32:]),
		end:      e.Uint64(b[40:]),
		txid:     e.Uint64(b[48:]),
	}
	powerOfTwo := m.pageSize&(m.pageSize-1) == 0
	return m, powerOfTwo && m.pageSize >= minPageSize && m.pageSize <= maxPageSize
}

func checkMeta(f *File, m meta) error {
	page := int64(m.txid % 2) // where bbolt writes the meta of a transaction
	switch {
	case m.end > uint64(f.data/m.pageSize):
		return corrupt(page, "%d pages of %d bytes are in use, but the file has %d bytes", m.end, m.pageSize, f.size)
	case m.root < 2 || m.root >= m.end:
		return corrupt(page, "root bucket at page %d, outside the pages in use (2 to %d)", m.root, m.end)
	case m.freelist != noFreelist && (m.freelist < 2 || m.freelist >= m.end):
		return corrupt(page, "freelist at page %d, outside the pages in use (2 to %d)", m.freelist, m.end)
	}
	return nil
}
