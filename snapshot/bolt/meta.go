package bolt

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
	page     int64 // where it stands; in snapshots not where bbolt's own transactions write it
}

// readMeta finds the page size and picks the meta page in force as bbolt does
// (db.go: getPageSize, mmap, meta), then checks it against the file's size.
func readMeta(f *File) (meta, error) {
	m0, ok0 := metaAt(f, 0)
	if !ok0 {
		return readSecondMeta(f)
	}
	if err := checkPageSize(m0, m0.pageSize); err != nil {
		return meta{}, err
	}
	m1, ok1 := metaAt(f, m0.pageSize)
	if !ok1 {
		return m0, checkMeta(f, m0)
	}
	if err := checkPageSize(m1, m0.pageSize); err != nil {
		return meta{}, err
	}
	if m1.txid > m0.txid {
		m0 = m1
	}
	return m0, checkMeta(f, m0)
}

// readSecondMeta looks for the second meta page where the first is bad, and
// with it the only certain hint at the place of the second.
func readSecondMeta(f *File) (meta, error) {
	for size := int64(minPageSize); size <= maxPageSize; size <<= 1 {
		if m, ok := metaAt(f, size); ok {
			if err := checkPageSize(m, size); err != nil {
				return meta{}, err
			}
			return m, checkMeta(f, m)
		}
	}
	return meta{}, Corrupt(NoPage, "not a bbolt file: no valid meta page in %d bytes", f.size)
}

// metaAt decodes the meta page that starts at off, if there is a valid one.
func metaAt(f *File, off int64) (meta, bool) {
	var b [pageHeaderSize + metaSize]byte
	if off+int64(len(b)) > f.data || f.readAt(b[:], off) != nil {
		return meta{}, false
	}
	m, ok := parseMeta(b[pageHeaderSize:])
	m.page = min(off, 1)
	return m, ok
}

// parseMeta decodes a meta page that is valid by bbolt's rules.
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
	return meta{
		pageSize: int64(e.Uint32(b[8:])),
		root:     e.Uint64(b[16:]),
		freelist: e.Uint64(b[32:]),
		end:      e.Uint64(b[40:]),
		txid:     e.Uint64(b[48:]),
	}, true
}

// checkPageSize refuses sizes that no system has, and disagreement.
func checkPageSize(m meta, want int64) error {
	size := m.pageSize
	if size != want || size&(size-1) != 0 || size < minPageSize || size > maxPageSize {
		return Corrupt(m.page, "a page size of %d bytes", size)
	}
	return nil
}

func checkMeta(f *File, m meta) error {
	page := m.page
	switch {
	case m.end > uint64(f.data/m.pageSize) && f.salvage == nil:
		return Corrupt(page, "%d pages of %d bytes are in use, but the file has %d bytes", m.end, m.pageSize, f.size)
	case m.root < 2 || m.root >= m.end:
		return Corrupt(page, "root bucket at page %d, outside the pages in use (2 to %d)", m.root, m.end)
	}
	return nil
}
