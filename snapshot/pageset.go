package snapshot

import (
	"encoding/binary"
	"math/bits"
	"sync/atomic"
)

// pageSet is a set of page ids below a limit. add may be called from several
// goroutines at once.
type pageSet []uint64

func newPageSet(limit uint64) pageSet { return make(pageSet, (limit+63)/64) }

// add puts id into the set, and tells whether it was not there yet.
func (s pageSet) add(id uint64) bool {
	bit := uint64(1) << (id % 64)
	return atomic.OrUint64(&s[id/64], bit)&bit == 0
}

func (s pageSet) has(id uint64) bool {
	return atomic.LoadUint64(&s[id/64])&(1<<(id%64)) != 0
}

// count is the number of ids in the set. Nobody may add meanwhile.
func (s pageSet) count() int {
	var n int
	for _, word := range s {
		n += bits.OnesCount64(word)
	}
	return n
}

// pageUse records who owns each page, so that no page is read twice and none
// is both free and in use. Its memory is two bits per page.
type pageUse struct {
	used pageSet
	free pageSet // nil where the file has no freelist
}

func newPageUse(f *File) (*pageUse, error) {
	u := &pageUse{used: newPageSet(f.meta.end)}
	for id := range uint64(2) {
		if err := checkMetaPage(f, id); err != nil {
			return nil, err
		}
		u.used.add(id)
	}
	if f.meta.freelist == noFreelist {
		return u, nil
	}
	return u, u.readFreelist(f)
}

// checkMetaPage checks the header of a meta page. bbolt insists on that of the
// one that is not in force, too.
func checkMetaPage(f *File, id uint64) error {
	var b [pageHeaderSize]byte
	if err := f.readAt(b[:], int64(id)*f.meta.pageSize); err != nil {
		return err
	}
	if p := parsePage(b[:]); p.id != id || p.flags != metaPage {
		return corrupt(int64(id), "the page says that it is page %d with flags %#x, not a meta page", p.id, p.flags)
	}
	return nil
}

func misused(id uint64, detail string) error {
	return &CorruptError{Page: int64(id), Detail: detail, kind: FaultUse}
}

// claim records that the page and those that continue it are in use.
func (u *pageUse) claim(p page) error {
	for id := p.id; id <= p.id+uint64(p.more); id++ {
		if !u.used.add(id) {
			return misused(id, "the page is referred to more than once")
		}
		if u.free != nil && u.free.has(id) {
			return misused(id, "the page is in use and in the freelist")
		}
	}
	return nil
}

func (u *pageUse) readFreelist(f *File) error {
	p, err := newPager(f).page(f.meta.freelist)
	if err != nil {
		return err
	}
	if p.flags != freelistPage {
		return corrupt(int64(p.id), "flags %#x where the freelist should be", p.flags)
	}
	if err := u.claim(p); err != nil {
		return err
	}
	ids, count := p.data[pageHeaderSize:], uint64(p.count)
	if count == 0xFFFF { // too many for the header: the first entry counts them
		count = binary.NativeEndian.Uint64(ids)
		ids = ids[8:]
	}
	if count > uint64(len(ids)/8) {
		return corrupt(int64(p.id), "%d free pages do not fit into the freelist's %d bytes", count, len(p.data))
	}
	u.free = newPageSet(f.meta.end)
	for i := range count {
		id := binary.NativeEndian.Uint64(ids[8*i:])
		if id < 2 || id >= f.meta.end {
			return corrupt(int64(p.id), "free page %d, outside the pages in use (2 to %d)", id, f.meta.end)
		}
		if !u.free.add(id) {
			return corrupt(int64(id), "the page is free twice")
		}
		if u.used.has(id) {
			return misused(id, "the page is in use and in the freelist")
		}
	}
	return nil
}

// checkLost finds a page that is neither in use nor free, once all buckets
// have been walked. Without a freelist every such page is free.
func (u *pageUse) checkLost(end uint64) error {
	if u.free == nil {
		return nil
	}
	for id := range end {
		if !u.used.has(id) && !u.free.has(id) {
			return corrupt(int64(id), "the page is neither in use nor in the freelist")
		}
	}
	return nil
}
