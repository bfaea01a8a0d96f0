package bolt

import (
	"context"
	"errors"
	"hash/crc32"
	"slices"
)

// ErrSkipBucket is returned by Reading.Element at a bucket whose pages are not
// to be read.
var ErrSkipBucket = errors.New("skip this bucket")

// Walk reads all buckets of a file once, and checks every page on its way. P is
// what the caller collects in each part of a bucket. The memory of a walk is a
// few buffers for each processor and two bits for each page.
type Walk[P any] struct {
	// Bucket is called for each top-level bucket and returns how to read it.
	Bucket func(*Bucket) (Reading[P], error)
	// Report takes damage in a part, or in the bucket of buckets if the part is
	// nil, and lets the walk go on without what is damaged. If Report is nil,
	// the first damage ends the walk, and pages that are lost are damage.
	Report func(*P, *CorruptError)
	// Use records who owns each page. If it is nil, the walk makes one, and the
	// meta pages and the freelist must be in order.
	Use   *Use
	Table *crc32.Table // of the CRC-32C; nil leaves it out
	Spare int          // processors that are left to others
}

// Reading is how a top-level bucket is read.
type Reading[P any] struct {
	// InOrder reads the bucket as one part. Otherwise its parts are read side by
	// side.
	InOrder bool
	// Element is called for each element of a part. It may be nil.
	Element func(*Cursor, *P) error
	// Inner is told of what the buckets within this one hold. It may be nil.
	Inner Visitor
	// Join gets all parts, in the order of their keys. It may be nil.
	Join func([]P) error
}

// Visitor is told of what a bucket holds, in its order. The bytes are valid
// during the call.
type Visitor interface {
	Enter(bucket string) error // a bucket begins, within the one that has not ended
	Put(key, value []byte) error
	Leave() error
}

// part is a part of a top-level bucket.
type part[P any] struct {
	sum Sum
	own P
}

// Run walks the file. The sum is that of the names of all top-level buckets, and
// of the keys and values in them. Of buckets within these only the names count.
func (w Walk[P]) Run(ctx context.Context, f *File) (Sum, error) {
	var err error
	if w.Use == nil {
		if w.Use, err = strictUse(f); err != nil {
			return Sum{}, err
		}
	}
	var total Sum
	root := f.root()
	c := root.cursor(ctx, w.Use)
	if w.Report != nil {
		c.Forgive(func(e *CorruptError) { w.Report(nil, e) })
	}
	for c.Next() {
		sum, err := w.top(ctx, root, c)
		if err := w.forgive(nil, err); err != nil {
			return Sum{}, err
		}
		total.Add(sum)
	}
	if c.Err() != nil {
		return Sum{}, c.Err()
	}
	if w.Report == nil {
		for lost := range w.Use.Lost() {
			return Sum{}, lost
		}
	}
	total.Pages = w.Use.used.count()
	return total, nil
}

// forgive reports damage, if there is somebody to report it to, and returns
// any other error.
func (w Walk[P]) forgive(p *P, err error) error {
	var damage *CorruptError
	if w.Report == nil || !errors.As(err, &damage) {
		return err
	}
	w.Report(p, damage)
	return nil
}

// top reads the top-level bucket at c.
func (w Walk[P]) top(ctx context.Context, root *Bucket, c *Cursor) (Sum, error) {
	if !c.IsBucket() {
		return Sum{}, &CorruptError{Page: c.Page(), Key: slices.Clone(c.Key()), Detail: "a record where only buckets should be"}
	}
	var total Sum
	total.Write(c.Key(), w.Table)
	b, err := root.child(c)
	if err != nil {
		return Sum{}, err
	}
	r, err := w.Bucket(b)
	if err != nil {
		return Sum{}, err
	}
	parts, err := w.parts(ctx, b, r)
	if err != nil {
		return Sum{}, InBucket(err, b.Name)
	}
	own := make([]P, len(parts))
	for i := range parts {
		total.Add(parts[i].sum)
		own[i] = parts[i].own
	}
	if r.Join != nil {
		err = r.Join(own)
	}
	return total, err
}

// parts reads a top-level bucket. If its upper levels are damaged, the first
// part is about that.
func (w Walk[P]) parts(ctx context.Context, b *Bucket, r Reading[P]) ([]part[P], error) {
	if r.InOrder {
		p, err := w.elements(ctx, b, r, b.cursor(ctx, w.Use))
		return []part[P]{p}, err
	}
	o := Parts{Spare: w.Spare, use: w.Use}
	var upper []part[P]
	if w.Report != nil {
		o.Report = func(e *CorruptError) {
			if upper == nil {
				upper = make([]part[P], 1)
			}
			w.Report(&upper[0].own, e)
		}
	}
	parts, err := InParts(ctx, b, o, func(c *Cursor) (part[P], error) { return w.elements(ctx, b, r, c) })
	return append(upper, parts...), err
}

// elements reads what c yields of the top-level bucket b.
func (w Walk[P]) elements(ctx context.Context, b *Bucket, r Reading[P], c *Cursor) (part[P], error) {
	var p part[P]
	if w.Report != nil {
		c.Forgive(func(e *CorruptError) { w.Report(&p.own, e) })
	}
	var whole []byte // of the current page, hashed at once
	for c.Next() {
		p.sum.Records++
		if c.next == 1 && w.Table != nil {
			whole = c.leaf.run()
			p.sum.Write(whole, w.Table)
		}
		if whole == nil {
			p.sum.Write(c.Key(), w.Table)
			if !c.IsBucket() {
				p.sum.Write(c.Value(), w.Table)
			}
		}
		if err := w.forgive(&p.own, w.element(ctx, b, r, c, &p.own)); err != nil {
			return p, err
		}
	}
	return p, w.forgive(&p.own, c.Err()) // that of an inline bucket that is no leaf
}

func (w Walk[P]) element(ctx context.Context, b *Bucket, r Reading[P], c *Cursor, p *P) error {
	if r.Element != nil {
		if err := r.Element(c, p); err != nil {
			if errors.Is(err, ErrSkipBucket) {
				return nil
			}
			return err
		}
	}
	if !c.IsBucket() {
		return nil
	}
	return w.nested(ctx, b, c, r.Inner)
}

// nested reads the bucket at the cursor c of the bucket b, and those in it.
func (w Walk[P]) nested(ctx context.Context, b *Bucket, c *Cursor, v Visitor) error {
	n, err := b.child(c)
	if err == nil && v != nil {
		err = v.Enter(n.Name)
	}
	if err != nil {
		return err
	}
	in := n.cursor(ctx, w.Use)
	for in.Next() {
		switch {
		case in.IsBucket():
			err = w.nested(ctx, n, in, v)
		case v != nil:
			err = v.Put(in.Key(), in.Value())
		}
		if err != nil {
			return err
		}
	}
	if err := InBucket(in.Err(), n.Name); err != nil || v == nil {
		return err
	}
	return v.Leave()
}
