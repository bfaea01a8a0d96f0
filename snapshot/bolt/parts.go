package bolt

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// maxParts is into how many parts a bucket is split to be walked side by side.
const maxParts = 64

// Parts are the options of InParts. The zero value has none set.
type Parts struct {
	Spare int // processors that are left to others
	// Report takes the damage of the upper levels, and lets InParts continue
	// without what is below; nil ends it.
	Report func(*CorruptError)
	use    *Use // claims the pages, unless nil
}

// InParts splits a bucket into runs of its elements, lets visit read each of
// them to its end, side by side, and returns what visit made of them, in the
// order of the keys.
func InParts[P any](ctx context.Context, b *Bucket, o Parts, visit func(*Cursor) (P, error)) ([]P, error) {
	if b.root == 0 {
		p, err := visit(b.cursor(ctx, o.use).above(b.changes(), 0))
		return []P{p}, err
	}
	trees, err := o.split(ctx, b)
	if err != nil {
		return nil, err
	}
	n := min(len(trees), maxParts)
	parts, errs := make([]P, n), make([]error, n)
	var next atomic.Int64
	var failed atomic.Bool
	var workers sync.WaitGroup
	for range o.workers(n) {
		workers.Go(func() {
			pages := newPager(b.f)
			for i := int(next.Add(1)) - 1; i < n && !failed.Load(); i = int(next.Add(1)) - 1 {
				c := &Cursor{ctx: ctx, pages: pages, use: o.use, todo: trees[i*len(trees)/n : (i+1)*len(trees)/n]}
				c.within(b.changes(), i)
				if parts[i], errs[i] = visit(c); errs[i] != nil {
					failed.Store(true)
				}
			}
		})
	}
	workers.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return parts, nil
}

// workers is the number of goroutines for n parts.
func (o Parts) workers(n int) int {
	return min(n, max(1, runtime.GOMAXPROCS(0)-o.Spare))
}

// split takes apart the upper levels of a bucket's tree until there are enough
// subtrees to share out, or only leaves. The branches it takes apart are
// checked and claimed; the subtrees are left to whoever walks them.
func (o Parts) split(ctx context.Context, b *Bucket) ([]subtree, error) {
	reader := &Cursor{ctx: ctx, pages: newPager(b.f)}
	trees := []subtree{{page: b.root}}
	for branches := true; branches && len(trees) < maxParts; {
		branches = false
		var below []subtree
		for _, t := range trees {
			children, err := o.children(reader, t)
			if damage := (*CorruptError)(nil); o.Report != nil && errors.As(err, &damage) {
				o.Report(damage)
				continue
			}
			if err != nil {
				return nil, err
			}
			if children == nil {
				below = append(below, t)
				continue
			}
			branches = true
			below = append(below, children...)
		}
		trees = below
	}
	return trees, nil
}

// children returns the subtrees below the branch at the top of t; nil where
// that is a leaf.
func (o Parts) children(reader *Cursor, t subtree) ([]subtree, error) {
	pg, err := reader.visit(t)
	if err != nil || pg.flags == leafPage {
		return nil, err
	}
	pg.data = slices.Clone(pg.data)
	f := frame{subtree: t, pg: pg}
	if err := f.checkOrder(); err != nil {
		return nil, err
	}
	if o.use != nil {
		if err := o.use.claim(pg); err != nil {
			return nil, err
		}
	}
	var all []subtree
	for i := range pg.count {
		all = append(all, f.child(i))
	}
	return all, nil
}
