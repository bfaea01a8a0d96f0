package snapshot

import (
	"context"
	"hash/crc32"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// maxParts is into how many parts a bucket is split to be scanned side by side.
const maxParts = 64

// part is what a scan finds in a run of elements; parts of neighbours add up.
type part struct {
	crc       uint32 // CRC-32C of keys and values
	bytes     int64  // that went into crc
	records   int    // elements
	revisions int    // records of the key bucket
	last      int64  // highest main revision
	live      int    // live keys, see counter
	odd       bool   // records that counter cannot count
}

func (p *part) write(b []byte, table *crc32.Table) {
	p.crc = crc32.Update(p.crc, table, b)
	p.bytes += int64(len(b))
}

// add appends the part that follows p.
func (p *part) add(next part) {
	p.crc = joinCRC(p.crc, next.crc, next.bytes)
	p.bytes += next.bytes
	p.records += next.records
	p.revisions += next.revisions
	p.last = max(p.last, next.last)
	p.live += next.live
	p.odd = p.odd || next.odd
}

// scanner walks all buckets of a file once, and checks every page on its way.
type scanner struct {
	f     *File
	use   *pageUse
	count counter
	table *crc32.Table
}

// scan reads the whole tree. Its memory is a few buffers for each processor
// and two bits per page; an exact count adds the live keys.
func (f *File) scan(ctx context.Context, count counter) (part, error) {
	use, err := newPageUse(f)
	if err != nil {
		return part{}, err
	}
	s := &scanner{f: f, use: use, count: count, table: crc32.MakeTable(crc32.Castagnoli)}
	var total part
	c := f.root().cursor(ctx, use)
	for c.Next() {
		if !c.IsBucket() {
			return part{}, &CorruptError{Page: c.Page(), Key: slices.Clone(c.Key()), Detail: "a record where only buckets should be"}
		}
		total.write(c.Key(), s.table)
		b, err := f.root().child(c)
		if err != nil {
			return part{}, err
		}
		p, err := s.bucket(ctx, b)
		if err != nil {
			return part{}, inBucket(err, b.Name)
		}
		total.add(p)
	}
	if c.Err() != nil {
		return part{}, c.Err()
	}
	return total, use.checkLost(f.meta.end)
}

// bucket scans a top-level bucket, side by side where it is large.
func (s *scanner) bucket(ctx context.Context, b *Bucket) (part, error) {
	if b.root == 0 {
		return s.elements(b, b.cursor(ctx, s.use))
	}
	trees, err := s.split(ctx, b)
	if err != nil {
		return part{}, err
	}
	n := min(len(trees), maxParts)
	parts, errs := make([]part, n), make([]error, n)
	var next atomic.Int64
	var failed atomic.Bool
	var workers sync.WaitGroup
	for range s.workers(n) {
		workers.Go(func() {
			pages := newPager(s.f)
			for i := int(next.Add(1)) - 1; i < n && !failed.Load(); i = int(next.Add(1)) - 1 {
				c := &Cursor{ctx: ctx, pages: pages, use: s.use, todo: trees[i*len(trees)/n : (i+1)*len(trees)/n]}
				if parts[i], errs[i] = s.elements(b, c); errs[i] != nil {
					failed.Store(true)
				}
			}
		})
	}
	workers.Wait()
	var total part
	for i := range n {
		if errs[i] != nil {
			return part{}, errs[i]
		}
		total.add(parts[i])
	}
	return total, nil
}

// workers is the number of goroutines for n parts. An exact count needs the
// records in their order.
func (s *scanner) workers(n int) int {
	if s.count.exact != nil {
		return 1
	}
	return min(n, runtime.GOMAXPROCS(0))
}

// split takes apart the upper levels of a bucket's tree until there are enough
// subtrees to share out, or only leaves. The branches it takes apart are
// checked and claimed; the subtrees are left to whoever walks them.
func (s *scanner) split(ctx context.Context, b *Bucket) ([]subtree, error) {
	reader := &Cursor{ctx: ctx, pages: newPager(s.f)}
	trees := []subtree{{page: b.root}}
	for branches := true; branches && len(trees) < maxParts; {
		branches = false
		var below []subtree
		for _, t := range trees {
			pg, err := reader.visit(t)
			if err != nil {
				return nil, err
			}
			if pg.flags == leafPage {
				below = append(below, t)
				continue
			}
			branches = true
			pg.data = slices.Clone(pg.data)
			f := frame{subtree: t, pg: pg}
			if err := f.checkOrder(); err != nil {
				return nil, err
			}
			if err := s.use.claim(pg); err != nil {
				return nil, err
			}
			for i := range pg.count {
				below = append(below, f.child(i))
			}
		}
		trees = below
	}
	return trees, nil
}

// elements scans what c yields of the top-level bucket b. Buckets within it
// are checked, but only their names are hashed, as etcd does.
func (s *scanner) elements(b *Bucket, c *Cursor) (part, error) {
	var p part
	for c.Next() {
		p.records++
		p.write(c.Key(), s.table)
		if c.IsBucket() {
			if err := s.nested(c.ctx, b, c); err != nil {
				return part{}, err
			}
			continue
		}
		p.write(c.Value(), s.table)
		if b.Name == KeyBucket {
			if err := s.count.record(c, &p); err != nil {
				return part{}, err
			}
		}
	}
	return p, c.Err()
}

// nested checks the pages of the bucket at c, which stands in the bucket b.
func (s *scanner) nested(ctx context.Context, b *Bucket, c *Cursor) error {
	n, err := b.child(c)
	if err != nil {
		return err
	}
	in := n.cursor(ctx, s.use)
	for in.Next() {
		if in.IsBucket() {
			if err := s.nested(ctx, n, in); err != nil {
				return err
			}
		}
	}
	return inBucket(in.Err(), n.Name)
}
