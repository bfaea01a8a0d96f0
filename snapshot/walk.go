package snapshot

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

// walk says how the tree of a bucket is walked.
type walk struct {
	use   *pageUse // claims the pages, unless nil
	alone bool     // on one goroutine, in the order of the keys
	spare int      // processors that are left to others
	// report takes the damage of the upper levels, and lets the walk go on
	// without what lies below; nil ends it.
	report func(*CorruptError)
}

// inParts splits a bucket into runs of its elements, lets visit read each of
// them to its end, side by side, and returns what visit made of them, in the
// order of the keys.
func inParts[P any](ctx context.Context, b *Bucket, w walk, visit func(*Cursor) (P, error)) ([]P, error) {
	if b.root == 0 {
		p, err := visit(b.cursor(ctx, w.use))
		return []P{p}, err
	}
	trees, err := w.split(ctx, b)
	if err != nil {
		return nil, err
	}
	n := min(len(trees), maxParts)
	parts, errs := make([]P, n), make([]error, n)
	var next atomic.Int64
	var failed atomic.Bool
	var workers sync.WaitGroup
	for range w.workers(n) {
		workers.Go(func() {
			pages := newPager(b.f)
			for i := int(next.Add(1)) - 1; i < n && !failed.Load(); i = int(next.Add(1)) - 1 {
				c := &Cursor{ctx: ctx, pages: pages, use: w.use, todo: trees[i*len(trees)/n : (i+1)*len(trees)/n]}
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
func (w walk) workers(n int) int {
	if w.alone {
		return min(n, 1)
	}
	return min(n, max(1, runtime.GOMAXPROCS(0)-w.spare))
}

// split takes apart the upper levels of a bucket's tree until there are enough
// subtrees to share out, or only leaves. The branches it takes apart are
// checked and claimed; the subtrees are left to whoever walks them.
func (w walk) split(ctx context.Context, b *Bucket) ([]subtree, error) {
	reader := &Cursor{ctx: ctx, pages: newPager(b.f)}
	trees := []subtree{{page: b.root}}
	for branches := true; branches && len(trees) < maxParts; {
		branches = false
		var below []subtree
		for _, t := range trees {
			children, err := w.children(reader, t)
			if damage := (*CorruptError)(nil); w.report != nil && errors.As(err, &damage) {
				w.report(damage)
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
func (w walk) children(reader *Cursor, t subtree) ([]subtree, error) {
	pg, err := reader.visit(t)
	if err != nil || pg.flags == leafPage {
		return nil, err
	}
	pg.data = slices.Clone(pg.data)
	f := frame{subtree: t, pg: pg}
	if err := f.checkOrder(); err != nil {
		return nil, err
	}
	if w.use != nil {
		if err := w.use.claim(pg); err != nil {
			return nil, err
		}
	}
	var all []subtree
	for i := range pg.count {
		all = append(all, f.child(i))
	}
	return all, nil
}
