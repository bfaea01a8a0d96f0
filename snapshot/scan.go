package snapshot

import (
	"context"
	"hash/crc32"
	"slices"
)

// part is what a scan finds in a run of elements; parts of neighbours add up.
type part struct {
	crc       uint32 // CRC-32C of keys and values
	bytes     int64  // that went into crc
	records   int    // elements
	revisions int    // records of the key bucket
	last      int64  // highest main revision
	live      int    // live keys, see counter
	odd       bool   // records that counter cannot count
	pages     int    // in use; only in the sum of all parts
}

// write adds to the CRC-32C; a table that is nil is for scans that go without.
func (p *part) write(b []byte, table *crc32.Table) {
	if table == nil {
		return
	}
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
	spare int          // as in walk
	table *crc32.Table // of the CRC-32C; nil leaves it out
}

// scanOptions says how to scan.
type scanOptions struct {
	spare    int  // as in walk
	unhashed bool // without Status.Hash, which nobody asks for
}

// scan reads the whole tree. Its memory is a few buffers for each processor
// and two bits per page; an exact count adds the live keys.
func (f *File) scan(ctx context.Context, count counter, o scanOptions) (part, error) {
	use, err := newPageUse(f)
	if err != nil {
		return part{}, err
	}
	s := &scanner{f: f, use: use, count: count, spare: o.spare}
	if !o.unhashed {
		s.table = crc32.MakeTable(crc32.Castagnoli)
	}
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
	total.pages = use.used.count()
	return total, use.checkLost(f.meta.end)
}

// bucket scans a top-level bucket, side by side where it is large.
func (s *scanner) bucket(ctx context.Context, b *Bucket) (part, error) {
	w := walk{use: s.use, alone: s.count.exact != nil, spare: s.spare}
	parts, err := inParts(ctx, b, w, func(c *Cursor) (part, error) { return s.elements(b, c) })
	if err != nil {
		return part{}, err
	}
	var total part
	for _, p := range parts {
		total.add(p)
	}
	return total, nil
}

// elements scans what c yields of the top-level bucket b. Buckets within it
// are checked, but only their names are hashed, as etcd does.
func (s *scanner) elements(b *Bucket, c *Cursor) (part, error) {
	var p part
	var whole []byte // of the current page, hashed at once
	for c.Next() {
		p.records++
		if c.next == 1 && s.table != nil {
			whole = c.leaf.run()
			p.write(whole, s.table)
		}
		if whole == nil {
			p.write(c.Key(), s.table)
		}
		if b.Name == KeyBucket {
			if err := s.count.record(c, &p); err != nil { // also where c is at a bucket
				return part{}, err
			}
		}
		if c.IsBucket() {
			n, err := b.child(c)
			if err == nil {
				err = nestedPages(c.ctx, n, s.use)
			}
			if err != nil {
				return part{}, err
			}
			continue
		}
		if whole == nil {
			p.write(c.Value(), s.table)
		}
	}
	return p, c.Err()
}
