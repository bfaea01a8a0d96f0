package follow

import (
	"context"
	"time"

	"etcdkit/backup/increment"
	"etcdkit/backup/store"
)

// ClockSkew is how far the clock of another machine may be ahead.
const ClockSkew = 5 * time.Minute

// Newest returns the increment at the end of the newest line, nil if the store has
// no increments.
func Newest(ctx context.Context, s store.Store) (*increment.Increment, error) {
	l, err := newestLine(ctx, s, func(*increment.Increment) bool { return true })
	if err != nil || l == nil {
		return nil, err
	}
	return l.end, nil
}

// written is a line of increments.
type written struct {
	all    []*increment.Increment
	end    *increment.Increment
	number int64 // the highest one, also of increments that can't be used
}

// newestLine returns the newest line whose end is wanted, or nil.
func newestLine(ctx context.Context, s store.Store, wanted func(end *increment.Increment) bool) (*written, error) {
	lines, numbers, err := increment.Lines(ctx, s)
	if err != nil {
		return nil, err
	}
	for _, line := range lines {
		l, err := increment.ListLine(ctx, s, line)
		if err != nil {
			return nil, err
		}
		if end := last(l.Increments); end != nil && wanted(end) {
			return &written{l.Increments, end, numbers[line]}, nil
		}
	}
	return nil, nil
}

// last is the increment at the end of a line, nil for no increments.
func last(all []*increment.Increment) (end *increment.Increment) {
	for _, inc := range all {
		if end == nil || inc.To > end.To || inc.To == end.To && inc.Last > end.Last {
			end = inc
		}
	}
	return end
}
