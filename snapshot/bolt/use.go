package bolt

import (
	"encoding/binary"
	"iter"
	"math/bits"
	"sync/atomic"
)

// pageSet is a set of page ids below a limit. add may be called from several
// goroutines at once.
type pageSet []uint64

func newPageSet(limit uint64) pageSet { return make(pageSet, (limit+63)/64) }

// add puts id into the set, and reports whether it was not there yet.
func (s pageSet) add(id uint64) bool {
	bit := uint64(1) << (id % 64)
	return atomic.OrUint64(&s[id/64], bit)&bit == 0
}

func (s pageSet) has(id uint64) bool {
	return atomic.LoadUint64(&s[id/64])&(1<<(id%64)) != 0
}

// count is the number of ids in the set. No other goroutine may add to it meanwhile.
func (s pageSet) count() int {
	var n int
	for _, word := range s {
		n += bits.OnesCount64(word)
	}
	return n
}

// Use records who owns each page, so that no page is read twice and none
// is both free and in use. Its memory is two bits per page.
type Use struct {
	f    *File
	used pageSet
	free pageSet // nil where the file has no freelist
}

// NewUse returns the use of a file's pages of which only the meta pages are known
// to be in use.
func NewUse(f *File) *Use {
	u := &Use{f: f, used: newPageSet(f.meta.end)}
	for id := range uint64(2) {
		u.used.add(id)
	}
	return u
}

// strictUse is NewUse with the freelist, of a file whose meta pages have headers
// that are in order.
func strictUse(f *File) (*Use, error) {
	for id := range uint64(2) {
		if err := checkMetaPage(f, id); err != nil {
			return nil, err
		}
	}
	u := NewUse(f)
	return u, u.ReadFreelist()
}

// CheckMeta checks the meta page with this id, whether it is in force or not.
func (f *File) CheckMeta(id uint64) error {
	if err := checkMetaPage(f, id); err != nil {
		return err
	}
	if _, ok := metaAt(f, int64(id)*f.meta.pageSize); !ok {
		return Corrupt(int64(id), "the meta page is not valid; the file can be opened by the other one")
	}
	return nil
}

// checkMetaPage checks the header of a meta page. bbolt insists on that of the
// one that is not in force, too.
func checkMetaPage(f *File, id uint64) error {
	var b [pageHeaderSize]byte
	if err := f.readAt(b[:], int64(id)*f.meta.pageSize); err != nil {
		return err
	}
	if p := parsePage(b[:]); p.id != id || p.flags != metaPage {
		return Corrupt(int64(id), "the page says that it is page %d with flags %#x, not a meta page", p.id, p.flags)
	}
	return nil
}

func misused(id uint64, detail string) *CorruptError {
	return &CorruptError{Page: int64(id), Detail: detail, Kind: InUse}
}

// claim records that the page and those that continue it are in use.
func (u *Use) claim(p page) error {
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

// ReadFreelist reads the freelist, if the file has one. After an error it is not
// known which pages are free.
func (u *Use) ReadFreelist() error {
	if u.f.meta.freelist == noFreelist {
		return nil
	}
	err := u.readFreelist()
	if err != nil {
		u.free = nil
	}
	return err
}

func (u *Use) readFreelist() error {
	f := u.f
	if m := f.meta; m.freelist < 2 || m.freelist >= m.end {
		return Corrupt(m.page, "freelist at page %d, outside the pages in use (2 to %d)", m.freelist, m.end)
	}
	p, err := newPager(f).page(f.meta.freelist)
	if err != nil {
		return err
	}
	if p.flags != freelistPage {
		return Corrupt(int64(p.id), "flags %#x where the freelist should be", p.flags)
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
		return Corrupt(int64(p.id), "%d free pages do not fit into the freelist's %d bytes", count, len(p.data))
	}
	u.free = newPageSet(f.meta.end)
	for i := range count {
		id := binary.NativeEndian.Uint64(ids[8*i:])
		if id < 2 || id >= f.meta.end {
			return Corrupt(int64(p.id), "free page %d, outside the pages in use (2 to %d)", id, f.meta.end)
		}
		if !u.free.add(id) {
			return Corrupt(int64(id), "the page is free twice")
		}
		if u.used.has(id) {
			return misused(id, "the page is in use and in the freelist")
		}
	}
	return nil
}

// Lost yields the pages that are neither in use nor free, once all buckets have
// been walked. Without a freelist every page that is not in use is free.
func (u *Use) Lost() iter.Seq[*CorruptError] {
	return func(yield func(*CorruptError) bool) {
		if u.free == nil {
			return
		}
		for id := range u.f.meta.end {
			if !u.used.has(id) && !u.free.has(id) && !yield(misused(id, "the page is neither in use nor in the freelist")) {
				return
			}
		}
	}
}
