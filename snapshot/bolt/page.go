package bolt

import "encoding/binary"

const (
	pageHeaderSize = 16
	elementSize    = 16 // of branch and leaf elements alike

	branchPage   = 0x01
	leafPage     = 0x02
	metaPage     = 0x04
	freelistPage = 0x10

	bucketFlag = 0x01 // of a leaf element
)

// page is one page with the pages that continue it. The data belongs to
// whoever read it, see pager.page.
type page struct {
	id    uint64
	flags uint16
	count int
	more  uint32 // pages that continue this one
	data  []byte // header, elements, keys and values
}

// parsePage decodes a header; b has at least pageHeaderSize bytes.
func parsePage(b []byte) page {
	e := binary.NativeEndian
	return page{
		id:    e.Uint64(b),
		flags: e.Uint16(b[8:]),
		count: int(e.Uint16(b[10:])),
		more:  e.Uint32(b[12:]),
		data:  b,
	}
}

// checkTable makes sure that the element table lies inside the page.
func (p *page) checkTable() error {
	if need := pageHeaderSize + p.count*elementSize; need > len(p.data) {
		return Corrupt(int64(p.id), "%d elements need %d bytes, the page has %d", p.count, need, len(p.data))
	}
	return nil
}

// slice returns n bytes that start pos bytes after the element at i, where
// they lie after the element table and inside the page.
func (p *page) slice(i int, pos, n uint64) ([]byte, bool) {
	from := uint64(pageHeaderSize+i*elementSize) + pos
	table := uint64(pageHeaderSize + p.count*elementSize)
	if from < table || from+n > uint64(len(p.data)) { // sums of uint32s cannot wrap
		return nil, false
	}
	return p.data[from : from+n : from+n], true
}

// branch returns the i-th element of a branch page that passed checkTable.
func (p *page) branch(i int) (key []byte, child uint64, err error) {
	e := binary.NativeEndian
	b := p.data[pageHeaderSize+i*elementSize:]
	key, ok := p.slice(i, uint64(e.Uint32(b)), uint64(e.Uint32(b[4:])))
	if !ok {
		return nil, 0, Corrupt(int64(p.id), "key of branch element %d reaches outside the page", i)
	}
	return key, e.Uint64(b[8:]), nil
}

// run returns all that the elements of a leaf page hold, keys and values in
// their order, where they lie side by side without gaps, as bbolt writes them,
// and none is a bucket; nil otherwise. The page has passed checkTable.
func (p *page) run() []byte {
	e := binary.NativeEndian
	var from, end uint64
	for i := range p.count {
		at := pageHeaderSize + i*elementSize
		b := p.data[at : at+elementSize]
		start := uint64(at) + uint64(e.Uint32(b[4:]))
		if i == 0 {
			from, end = start, start
		}
		if start != end || e.Uint32(b)&bucketFlag != 0 {
			return nil
		}
		end += uint64(e.Uint32(b[8:])) + uint64(e.Uint32(b[12:]))
	}
	if from < uint64(pageHeaderSize+p.count*elementSize) || end > uint64(len(p.data)) {
		return nil
	}
	return p.data[from:end]
}

// element is a key and its value on a leaf page.
type element struct {
	key, value []byte
	bucket     bool // the value describes a bucket
}

// leaf returns the i-th element of a leaf page that passed checkTable.
func (p *page) leaf(i int) (element, error) {
	e := binary.NativeEndian
	b := p.data[pageHeaderSize+i*elementSize:]
	ksize := uint64(e.Uint32(b[8:]))
	kv, ok := p.slice(i, uint64(e.Uint32(b[4:])), ksize+uint64(e.Uint32(b[12:])))
	if !ok {
		return element{}, Corrupt(int64(p.id), "key or value of leaf element %d reaches outside the page", i)
	}
	return element{
		key:    kv[:ksize:ksize],
		value:  kv[ksize:],
		bucket: e.Uint32(b)&bucketFlag != 0,
	}, nil
}
