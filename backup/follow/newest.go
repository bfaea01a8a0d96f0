package follow

import (
	"context"
	"time"

	"etcdkit/backup/increment"
	"etcdkit/backup/store"
)

// ClockSkew is how far the clock of another machine may be ahead.
const ClockSkew = 5 * time.Minute

// Newest returns the increment at the end of the newest line that has one, or nil
// if there is none.
func Newest(ctx context.Context, s store.Store) (*increment.Increment, error) {
	lines, _, err := increment.Lines(ctx, s)
	if err != nil {
		return nil, err
	}
	for _, line := range lines {
		l, err := increment.ListLine(ctx, s, line)
		if err != nil {
			return nil, err
		}
		if end := last(l.Increments); end != nil {
			return end, nil
		}
	}
	return nil, nil
}

// last is the increment at the end of a line, nil if there is none.
func last(all []*increment.Increment) (end *increment.Increment) {
	for _, inc := range all {
		if end == nil || inc.To > end.To || inc.To == end.To && inc.Last > end.Last {
			end = inc
		}
	}
	return end
}
