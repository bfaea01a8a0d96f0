package consistency

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// each calls do for some copies at the same time.
func each(some []int, do func(i int)) {
	var wg sync.WaitGroup
	for _, i := range some {
		wg.Go(func() { do(i) })
	}
	wg.Wait()
}

// hashes returns the hashes of some copies at a revision, by index. A copy that
// fails has its error in the result; a compaction ends the try.
func (r *run) hashes(ctx context.Context, some []int, rev int64) (map[int]Hash, error) {
	all := make([]Hash, len(r.copies))
	errs := make([]error, len(r.copies))
	each(some, func(i int) { all[i], errs[i] = r.copies[i].Hash(ctx, rev) })
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	found := make(map[int]Hash)
	for _, i := range some {
		switch {
		case errors.Is(errs[i], ErrCompacted):
			return nil, &apartError{old: r.oldest(), compacted: r.copies[i].Name, rev: rev}
		case errs[i] != nil:
			r.result.Copies[i].Err = errs[i]
		default:
			found[i] = Hash{Sum: all[i].Sum, Compacted: max(all[i].Compacted, 0)} // servers report none as -1
		}
	}
	r.stepped()
	return found, nil
}

// stepped reports one more step, of about as many as a bisection needs.
func (r *run) stepped() {
	if r.hashed++; r.Step != nil {
		r.Step(r.hashed, max(r.hashed, r.steps()))
	}
}

// steps is how many steps the comparison of two groups takes at most.
func (r *run) steps() int {
	n := 2
	for span := r.result.Revision - r.result.Compacted; span > readSpan; span /= 2 {
		n++
	}
	return n
}

// pair returns the hashes of two copies at a revision.
func (r *run) pair(ctx context.Context, a, b Copy, rev int64) ([2]Hash, error) {
	var all [2]Hash
	var errs [2]error
	sides := [2]Copy{a, b}
	each([]int{0, 1}, func(i int) { all[i], errs[i] = sides[i].Hash(ctx, rev) })
	r.stepped()
	return all, errors.Join(errs[:]...)
}

// oldest returns the name of a copy that has no later revision than the others.
func (r *run) oldest() string {
	for _, i := range r.live() {
		if r.heads[i].Revision == r.result.Revision {
			return r.copies[i].Name
		}
	}
	return ""
}

// apartError says that no revision is in all copies. A cluster may have one a
// moment later.
type apartError struct {
	old, compacted string
	rev            int64
}

func (e *apartError) Error() string {
	return fmt.Sprintf("no revision is in all copies: %s ends at revision %d, and %s was compacted after that: compare copies that are closer in time", e.old, e.rev, e.compacted)
}

func (e *apartError) Is(target error) bool { return target == errMoved }
