package mirror

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/keyspace/retry"
)

// update is a result of a watch: the events up to a revision, whole revisions
// at a time, or the error that ended it.
type update struct {
	events []*clientv3.Event
	upTo   int64
	err    error
}

const (
	// maxUpdates is how many updates wait to be written. A client's watch has
	// no bound of its own, so it is ended when more are waiting, and restarted
	// at the same revision when there is room.
	maxUpdates = 64
	// askPause is the interval at which a source is asked for its progress, so
	// that a quiet mirror knows which revisions it need not read again. A
	// mirror with an end asks more often.
	askPause     = time.Minute
	askPauseOnce = 100 * time.Millisecond
)

// tail follows the events of a range.
type tail struct {
	client *clientv3.Client
	retry  *retry.Retrier
	span   span
	ask    time.Duration // how often the source is asked how far it is
	out    chan update
}

// run sends the updates after a revision until ctx ends, or after the one that
// has an error.
func (t *tail) run(ctx context.Context, after int64) {
	defer close(t.out)
	for ctx.Err() == nil {
		begun := time.Now()
		var err error
		after, err = t.watch(ctx, after)
		if err == nil {
			continue // there was no room
		}
		if err = t.retry.Failed(ctx, begun, err); err != nil {
			t.send(ctx, update{err: err})
			return
		}
	}
}

// send waits for room.
func (t *tail) send(ctx context.Context, u update) {
	select {
	case <-ctx.Done():
	case t.out <- u:
	}
}

// watch sends updates until the watch breaks or there is no room for them, and
// returns the last revision that was sent.
func (t *tail) watch(ctx context.Context, after int64) (int64, error) {
	watching, cancel := context.WithCancel(clientv3.WithRequireLeader(ctx))
	responses := t.client.Watch(watching, t.span.key, clientv3.WithRange(t.span.end), clientv3.WithRev(after+1),
		clientv3.WithProgressNotify(), clientv3.WithCreatedNotify())
	stop := func() {
		cancel()
		for range responses { // until the client has closed it
		}
	}
	defer stop()
	ask := time.NewTicker(t.ask)
	defer ask.Stop()
	for {
		select {
		case <-ask.C:
			_ = t.client.RequestProgress(watching) // the watch reports the error
		case resp, ok := <-responses:
			if !ok {
				return after, rpctypes.ErrNoLeader // or ctx has ended
			}
			if err := failure(resp); err != nil {
				return after, err
			}
			if err := t.check(resp, after); err != nil {
				return after, err
			}
			t.retry.Succeeded()
			if resp.Created {
				continue
			}
			u := update{resp.Events, upTo(resp, after), nil}
			after = u.upTo
			select {
			case t.out <- u:
			default:
				stop()
				t.send(ctx, u)
				return after, nil
			}
		}
	}
}

// failure returns the error that ended a watch.
func failure(resp clientv3.WatchResponse) error {
	if resp.CompactRevision != 0 {
		return rpctypes.ErrCompacted
	}
	return resp.Err()
}

// check returns an error unless the events are of the range and come in order
// after a revision.
func (t *tail) check(resp clientv3.WatchResponse, after int64) error {
	for _, e := range resp.Events {
		kv := e.Kv
		if !t.span.has(kv.GetKey()) {
			return fmt.Errorf("the watch of the source has sent key %q, which is outside of the range", kv.GetKey())
		}
		if kv.GetModRevision() <= after {
			return fmt.Errorf("the watch of the source has sent revision %d after revision %d", kv.GetModRevision(), after)
		}
	}
	if !slices.IsSortedFunc(resp.Events, func(a, b *clientv3.Event) int { return cmp.Compare(a.Kv.GetModRevision(), b.Kv.GetModRevision()) }) {
		return errors.New("the watch of the source has sent events that are not in order")
	}
	return nil
}

// upTo returns the revision up to which a watch has told everything, which was
// after before.
func upTo(resp clientv3.WatchResponse, after int64) int64 {
	switch {
	case len(resp.Events) > 0:
		return resp.Events[len(resp.Events)-1].Kv.GetModRevision()
	case resp.IsProgressNotify():
		return max(after, resp.Header.GetRevision())
	}
	return after
}
