package bolt

import (
	"context"
	"encoding/binary"
	"slices"
)

const (
	bucketHeaderSize = 16
	// inlineID stands for the id of an inline page; int64(inlineID) is NoPage.
	inlineID uint64 = 1<<64 - 1
)

// Bucket is where a bucket's elements are.
type Bucket struct {
	Name   string
	f      *File
	root   uint64
	inline []byte // the bucket's only page, where root is 0
	depth  int
}

// Bucket finds a top-level bucket; ok is false where the file has none of this
// name.
func (f *File) Bucket(ctx context.Context, name string) (_ *Bucket, ok bool, err error) {
	c := f.root().cursor(ctx, nil)
	for c.Next() {
		if string(c.Key()) == name && c.IsBucket() {
			b, err := f.root().child(c)
			return b, err == nil, err
		}
	}
	if c.Err() == nil && len(f.layer[name]) > 0 {
		return f.emptyBucket(name), true, nil
	}
	return nil, false, c.Err()
}

// root is the bucket of buckets.
func (f *File) root() *Bucket { return &Bucket{f: f, root: f.meta.root} }

// Cursor returns a cursor before the first element. It looks at ctx now and
// then; the cursor is for one goroutine.
func (b *Bucket) Cursor(ctx context.Context) *Cursor {
	return b.cursor(ctx, nil).above(b.changes(), 0)
}

func (b *Bucket) cursor(ctx context.Context, use *Use) *Cursor {
	c := &Cursor{ctx: ctx, pages: newPager(b.f), use: use, report: b.f.salvage}
	if b.root != 0 {
		c.todo = []subtree{{page: b.root}}
		return c
	}
	c.leaf = parsePage(b.inline)
	c.leaf.id = inlineID
	if c.leaf.flags != leafPage {
		c.err = Corrupt(NoPage, "flags %#x where an inline leaf should be", c.leaf.flags)
		return c
	}
	c.err = c.leaf.checkTable()
	return c
}

// CursorFrom is Cursor, but the elements before a key may be left out.
func (b *Bucket) CursorFrom(ctx context.Context, key []byte) *Cursor {
	c := b.cursor(ctx, nil)
	c.from = key
	all := b.changes()
	first, _ := position(all, key)
	return c.above(all[first:], first)
}

// CursorBack returns a cursor that yields the last element first. The elements
// from a key on may be left out; nil is no limit.
func (b *Bucket) CursorBack(ctx context.Context, below []byte) *Cursor {
	c := b.cursor(ctx, nil)
	c.from, c.back = below, true
	all := b.changes()
	if below != nil {
		last, _ := position(all, below)
		all = all[:last]
	}
	return c.above(all, 0)
}

// LastKey returns a copy of the last key of the bucket; nil if it is empty.
func (b *Bucket) LastKey(ctx context.Context) ([]byte, error) {
	c := b.cursor(ctx, nil)
	if b.root != 0 {
		t := subtree{page: b.root}
		for {
			pg, err := c.visit(t)
			if err != nil {
				return nil, err
			}
			if pg.flags == leafPage {
				c.leaf = pg
				break
			}
			_, id, err := pg.branch(pg.count - 1)
			if err != nil {
				return nil, err
			}
			t = subtree{page: id, depth: t.depth + 1}
		}
	}
	var last []byte
	if c.err == nil && c.leaf.count > 0 {
		e, err := c.leaf.leaf(c.leaf.count - 1)
		if err != nil {
			return nil, err
		}
		last = slices.Clone(e.key)
	}
	if c.err != nil || len(b.changes()) == 0 {
		return last, c.err
	}
	return b.lastLayered(b.Cursor(ctx), last)
}

// child returns the bucket at the cursor's current element, in memory of its
// own.
func (b *Bucket) child(c *Cursor) (*Bucket, error) {
	v := c.Value()
	damage := func(detail string) error {
		return &CorruptError{Page: c.Page(), Bucket: b.Name, Key: slices.Clone(c.Key()), Detail: detail}
	}
	if len(v) < bucketHeaderSize {
		return nil, damage("the bucket's header is cut short")
	}
	if b.depth >= maxDepth {
		return nil, damage("buckets are nested too deep")
	}
	n := &Bucket{Name: string(c.Key()), f: b.f, root: binary.NativeEndian.Uint64(v), depth: b.depth + 1}
	if n.root == 0 {
		if len(v) < bucketHeaderSize+pageHeaderSize {
			return nil, damage("the inline bucket's page is cut short")
		}
		n.inline = slices.Clone(v[bucketHeaderSize:])
	}
	return n, nil
}
