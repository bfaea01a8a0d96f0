package snapshot

import (
	"context"
	"hash/crc32"

	"etcdkit/snapshot/bolt"
)

// tally is what a walk finds in a run of records of the key bucket; those of
// neighbours add up.
type tally struct {
	revisions int   // records
	last      int64 // highest main revision
	live      int   // live keys, see counter
	odd       bool  // records that counter cannot count
}

// add appends the tally that follows.
func (t *tally) add(next tally) {
	t.revisions += next.revisions
	t.last = max(t.last, next.last)
	t.live += next.live
	t.odd = t.odd || next.odd
}

// scanned is what scan finds in a file.
type scanned struct {
	tally
	sum bolt.Sum
}

// scanOptions says how to scan.
type scanOptions struct {
	spare    int  // processors that are left to others
	unhashed bool // without Status.Hash, which nobody asks for
}

// scan walks all buckets. Its memory is that of the walk; an exact count adds
// the live keys.
func (f *File) scan(ctx context.Context, count counter, o scanOptions) (scanned, error) {
	var total scanned
	join := func(parts []tally) error { //nolint:unparam // what a walk asks for; the others fail
		for _, p := range parts {
			total.add(p)
		}
		return nil
	}
	w := bolt.Walk[tally]{Spare: o.spare, Bucket: func(b *bolt.Bucket) (bolt.Reading[tally], error) {
		r := bolt.Reading[tally]{InOrder: count.exact != nil, Join: join}
		if b.Name == KeyBucket {
			r.Element = count.record // also where the cursor is at a bucket
		}
		return r, nil
	}}
	if !o.unhashed {
		w.Table = crc32.MakeTable(crc32.Castagnoli)
	}
	var err error
	total.sum, err = w.Run(ctx, f.db)
	return total, err
}

// Visitor is told of all that a file holds, in its order. The bytes are valid
// during the call.
type Visitor = bolt.Visitor

// Visit walks all buckets on one goroutine, and checks the pages on its way as
// Scan does. It returns the Hash and the TotalRecords of Status.
func (f *File) Visit(ctx context.Context, v Visitor) (hash uint32, records int, err error) {
	if err := f.checkLength(); err != nil {
		return 0, 0, err
	}
	type none struct{}
	put := func(c *bolt.Cursor, _ *none) error {
		if c.IsBucket() {
			return nil
		}
		return v.Put(c.Key(), c.Value())
	}
	leave := func([]none) error { return v.Leave() }
	w := bolt.Walk[none]{Table: crc32.MakeTable(crc32.Castagnoli), Bucket: func(b *bolt.Bucket) (bolt.Reading[none], error) {
		return bolt.Reading[none]{InOrder: true, Element: put, Inner: v, Join: leave}, v.Enter(b.Name)
	}}
	sum, err := w.Run(ctx, f.db)
	return sum.CRC, sum.Records, err
}
