package consistency

import (
	"context"
	"errors"
	"fmt"
)

// readSpan is how many revisions are read from two copies at most to find the
// first one that differs. Above that, a hash at the middle is faster.
const readSpan = 1000

// bisect finds the first revision at which two copies differ, whose hashes at the
// result's revision do.
func (r *run) bisect(ctx context.Context, a, b Copy, d *Difference) error {
	base, high := r.result.Compacted, r.result.Revision
	low := max(base, 1) + 1 // the first change that a compaction can't have discarded
	if low > high {
		return r.kept(ctx, a, b, d, base)
	}
	// The hash at the compaction itself may be one that a server has kept from
	// that compaction, which can't be compared.
	same, err := r.same(ctx, a, b, low)
	switch {
	case err != nil:
		return r.stale(ctx, a, b, d, err)
	case !same:
		if err := r.kept(ctx, a, b, d, base); err != nil || len(d.Changes) > 0 {
			return err
		}
		return r.events(ctx, a, b, d, low, low)
	}
	for high-low > readSpan {
		if low, high, err = r.halve(ctx, a, b, low, high); err != nil {
			return r.stale(ctx, a, b, d, err)
		}
	}
	if err := r.events(ctx, a, b, d, low+1, high); err != nil || len(d.Changes) > 0 {
		return err
	}
	for high-low > 1 { // what differs is not visible in events
		if low, high, err = r.halve(ctx, a, b, low, high); err != nil {
			return r.stale(ctx, a, b, d, err)
		}
	}
	d.Revision = high
	return nil
}

// halve narrows a range at whose start two copies are the same, and at whose end
// they differ.
func (r *run) halve(ctx context.Context, a, b Copy, low, high int64) (newLow, newHigh int64, err error) {
	mid := low + (high-low)/2
	same, err := r.same(ctx, a, b, mid)
	switch {
	case err != nil:
		return low, high, err
	case same:
		return mid, high, nil
	}
	return low, mid, nil
}

// same reports whether two copies have the same hash at a revision.
func (r *run) same(ctx context.Context, a, b Copy, rev int64) (bool, error) {
	h, err := r.pair(ctx, a, b, rev)
	switch {
	case errors.Is(err, ErrCompacted):
		return false, err
	case err != nil:
		return false, fmt.Errorf("hash at revision %d: %w", rev, err)
	case h[0].Compacted != h[1].Compacted || max(h[0].Compacted, 0) != r.result.Compacted:
		return false, ErrCompacted
	}
	return h[0].Sum == h[1].Sum, nil
}

// stale continues after an error of a hash. If the keyspace was compacted at the
// revision that is compared, the keys that are left are; if it was compacted
// before that, the comparison has to begin again.
func (r *run) stale(ctx context.Context, a, b Copy, d *Difference, err error) error {
	if !errors.Is(err, ErrCompacted) {
		return err
	}
	now, err := r.pair(ctx, a, b, 0)
	if err != nil {
		return err
	}
	if now[0].Compacted != r.result.Revision || now[1].Compacted != r.result.Revision {
		return errMoved
	}
	r.result.Compacted = r.result.Revision
	return r.kept(ctx, a, b, d, r.result.Revision)
}
