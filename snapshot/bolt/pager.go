package bolt

// maxWindow is how much a pager reads ahead where pages follow one another.
const maxWindow = 256 << 10

// pager reads pages through a window of its own. It is for one goroutine.
//
// Its memory is maxWindow, or one page with all that continue it, whichever
// is larger: a value of etcd lies on one such run, so what a server accepts in
// one request bounds it, and the size of the file bounds it in hostile ones.
type pager struct {
	f      *File
	window []byte
	off    int64 // of the window in the file
	ahead  int64 // bytes to read on the next miss
}

func newPager(f *File) *pager { return &pager{f: f} }

// page reads the page with this id and checks its header and its bounds, not
// its type. The data is valid until the next call.
func (p *pager) page(id uint64) (page, error) {
	m := &p.f.meta
	if id < 2 || id >= m.end {
		return page{}, Corrupt(NoPage, "reference to page %d, outside the pages in use (2 to %d)", id, m.end)
	}
	off := int64(id) * m.pageSize
	b, err := p.bytes(off, m.pageSize)
	if err != nil {
		return page{}, err
	}
	pg := parsePage(b)
	if pg.id != id {
		return page{}, Corrupt(int64(id), "the page says that it is page %d", pg.id)
	}
	if uint64(pg.more) >= m.end-id {
		return page{}, Corrupt(int64(id), "continues for %d pages, past the last page in use (%d)", pg.more, m.end-1)
	}
	if pg.more > 0 {
		if pg.data, err = p.bytes(off, (1+int64(pg.more))*m.pageSize); err != nil {
			return page{}, err
		}
	}
	return pg, nil
}

// bytes returns n bytes of the file at off, from the window if they are in it.
// Neighbours are often wanted next: each miss near the last window reads twice as
// much, beyond the page in the same direction; any other miss starts small again.
func (p *pager) bytes(off, n int64) ([]byte, error) {
	if off+n > p.f.data {
		return nil, Corrupt(off/p.f.meta.pageSize, "the file ends at byte %d, before the end of the page", p.f.data)
	}
	end := p.off + int64(len(p.window))
	if off >= p.off && off+n <= end {
		return p.window[off-p.off : off-p.off+n], nil
	}
	before := off < p.off && off+n >= p.off-maxWindow/4
	if before || off >= p.off && off <= end+maxWindow/4 {
		p.ahead = min(max(2*p.ahead, p.f.meta.pageSize), maxWindow)
	} else {
		p.ahead = p.f.meta.pageSize
	}
	if before && p.ahead > n {
		return p.behind(off, n)
	}
	size := min(max(n, p.ahead), p.f.data-off)
	b, err := p.fill(off, size)
	if err != nil {
		return nil, err
	}
	return b[:n], nil
}

// behind returns n bytes of the file at off, at the end of a window.
func (p *pager) behind(off, n int64) ([]byte, error) {
	from := max(0, off+n-p.ahead)
	b, err := p.fill(from, off+n-from)
	if err != nil {
		return nil, err
	}
	return b[off-from:], nil
}

// fill reads the window.
func (p *pager) fill(off, size int64) ([]byte, error) {
	if int64(cap(p.window)) < size {
		p.window = make([]byte, max(size, min(maxWindow, p.f.data)))
	}
	p.off, p.window = off, p.window[:size]
	if err := p.f.readAt(p.window, off); err != nil {
		p.window = p.window[:0]
		return nil, err
	}
	return p.window, nil
}
