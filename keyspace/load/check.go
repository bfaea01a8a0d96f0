package load

import (
	"context"
	"fmt"
	"sync"

	"etcdkit/keyspace/bulk"
	"etcdkit/keyspace/lines"
)

// check reads the input to its end and counts it. If keys must not exist, it also
// looks for one that comes twice.
func (l *Load) check(ctx context.Context) error {
	r, err := l.Open()
	if err != nil {
		return err
	}
	total, keys := int64(0), newTwice()
	err = l.each(r, func(p lines.Pair, broken error) error {
		if broken != nil {
			return fmt.Errorf("%w; nothing was written", broken)
		}
		if l.Mode == bulk.Refuse {
			keys.add(p.Key)
		}
		total++
		if total%partItems == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return nil
	})
	l.total = total
	if err != nil {
		return err
	}
	return l.checkTwice(ctx, keys)
}

// look returns an error if a key of the input already exists.
func (l *Load) look(ctx context.Context) error {
	r, err := l.Open()
	if err != nil {
		return err
	}
	reading, stop := context.WithCancel(ctx)
	defer stop()
	var mu sync.Mutex
	var first *bulk.Change // of those there already
	c := &bulk.Committer{Fence: l.fence, Limits: l.Limits, Mode: bulk.Look, Done: func(done bulk.Committed) {
		mu.Lock()
		defer mu.Unlock()
		for _, p := range done.Present {
			if first == nil || p.Origin() < first.Origin() {
				first = &p
			}
		}
	}}
	w := bulk.NewWriter(ctx, c, inFlight)
	in := l.begin(reading, r)
	for err == nil {
		var part []item
		if part, err = in.next(ctx); part == nil {
			break
		}
		for _, one := range part {
			if err = w.Add(l.change(one)); err != nil {
				break
			}
		}
	}
	if failed := w.Close(); failed != nil {
		return failed
	}
	if err == nil && first != nil {
		return fmt.Errorf("%s %d: %w: %q; nothing was written", l.Unit, first.Origin(), bulk.ErrPresent, first.Key())
	}
	return err
}
