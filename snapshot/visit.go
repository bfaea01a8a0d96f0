package snapshot

import (
	"context"
	"hash/crc32"
	"slices"
)

// Visitor is told of all that a file holds, in its order. The bytes are valid
// during the call.
type Visitor interface {
	Enter(bucket string) error // a bucket begins, within the one that has not ended
	Put(key, value []byte) error
	Leave() error
}

// Visit walks all buckets on one goroutine, and checks the pages on its way as
// Scan does. It returns the Hash and the TotalRecords of Status.
func (f *File) Visit(ctx context.Context, v Visitor) (hash uint32, records int, err error) {
	if err := f.checkLength(); err != nil {
		return 0, 0, err
	}
	use, err := newPageUse(f)
	if err != nil {
		return 0, 0, err
	}
	t := &tour{f: f, ctx: ctx, use: use, visitor: v, table: crc32.MakeTable(crc32.Castagnoli)}
	if err := t.bucket(f.root()); err != nil {
		return 0, 0, err
	}
	return t.crc, t.records, use.checkLost(f.meta.end)
}

// tour is one run of Visit.
type tour struct {
	f       *File
	ctx     context.Context
	use     *pageUse
	visitor Visitor
	table   *crc32.Table
	crc     uint32
	records int
}

func (t *tour) bucket(b *Bucket) error {
	c := b.cursor(t.ctx, t.use)
	for c.Next() {
		if b.depth <= 1 { // deeper ones are not part of the hash
			t.crc = crc32.Update(t.crc, t.table, c.Key())
		}
		if b.depth == 1 {
			t.records++
		}
		if c.IsBucket() {
			if err := t.nested(b, c); err != nil {
				return err
			}
			continue
		}
		if b.depth == 0 {
			return &CorruptError{Page: c.Page(), Key: slices.Clone(c.Key()), Detail: "a record where only buckets should be"}
		}
		if b.depth == 1 {
			t.crc = crc32.Update(t.crc, t.table, c.Value())
		}
		if err := t.visitor.Put(c.Key(), c.Value()); err != nil {
			return err
		}
	}
	return inBucket(c.Err(), b.Name)
}

func (t *tour) nested(b *Bucket, c *Cursor) error {
	n, err := b.child(c)
	if err != nil {
		return err
	}
	if err := t.visitor.Enter(n.Name); err != nil {
		return err
	}
	if err := t.bucket(n); err != nil {
		return err
	}
	return t.visitor.Leave()
}
