package ctl

import (
	"context"
	"errors"
	"fmt"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/keyspace/history"
)

// The pauses before a watch is begun again: the first, and the longest.
const (
	firstWatchPause   = 100 * time.Millisecond
	longestWatchPause = 2 * time.Second
)

// lastingWatch is a watch that goes on where it was after a failure that may
// pass. clientv3 takes care of lost connections by itself, but it ends a watch
// whose member has lost the leader; and one that had no revision to begin with
// it resumes a revision early.
type lastingWatch struct {
	watch func(ctx context.Context, opts ...clientv3.OpOption) clientv3.WatchChan
	lost  func(err error, next int64) // told of each failure and where the watch will go on
	next  int64                       // the first revision that has not been passed on; 0 until it is known
	pause time.Duration               // the last one, 0 when it has been of use
	past  past                        // reads what the watch is far behind; nil where that is no use
}

// lasting begins a watch, and returns when the server has taken it. Its
// responses end with it, or with ctx.
func (w *watchPrinter) lasting(ctx context.Context, key string, opts []clientv3.OpOption) clientv3.WatchChan {
	l := &lastingWatch{
		watch: func(ctx context.Context, more ...clientv3.OpOption) clientv3.WatchChan {
			return w.session.client.Watch(ctx, key, append(opts[:len(opts):len(opts)], more...)...)
		},
		lost: func(err error, next int64) { w.complain("%v: watching on from revision %d", err, next) },
		next: clientv3.OpGet(key, opts...).Rev(),
	}
	if op := clientv3.OpWatch(key, opts...); w.past != nil && !op.IsPrevKV() {
		l.past = func(ctx context.Context, from, to int64, out func(*pb.WatchResponse) error) (int64, bool) {
			return w.past.Read(ctx, history.Watch{Key: op.KeyBytes(), End: op.RangeBytes()}, from, to, out)
		}
	}
	return l.run(ctx)
}

// run begins the watch and returns its responses.
func (l *lastingWatch) run(ctx context.Context) clientv3.WatchChan {
	responses := make(chan clientv3.WatchResponse)
	watching, cancel := context.WithCancel(ctx)
	first := l.begin(watching)
	go func() {
		defer close(responses)
		err := l.pass(watching, first, responses)
		cancel()
		l.resume(ctx, responses, err)
	}()
	return responses
}

// begin watches from the next revision on.
func (l *lastingWatch) begin(ctx context.Context) clientv3.WatchChan {
	if l.next == 0 {
		return l.watch(ctx, clientv3.WithCreatedNotify())
	}
	return l.watch(ctx, clientv3.WithRev(l.next), clientv3.WithCreatedNotify())
}

// resume begins the watch again for as long as it ends with an error that may
// pass, as its last one was.
func (l *lastingWatch) resume(ctx context.Context, out chan<- clientv3.WatchResponse, err error) {
	for err != nil {
		if far := (farBehind{}); errors.As(err, &far) {
			l.readPast(ctx, far.to, out)
		} else if !l.rest(ctx, err) {
			return
		}
		watching, cancel := context.WithCancel(ctx)
		err = l.pass(watching, l.begin(watching), out)
		cancel()
	}
}

// rest pauses after an error, and tells whether to go on.
func (l *lastingWatch) rest(ctx context.Context, err error) bool {
	if l.pause == 0 {
		l.lost(err, l.next)
	}
	l.pause = min(max(2*l.pause, firstWatchPause), longestWatchPause)
	select {
	case <-ctx.Done():
		return false
	case <-time.After(l.pause):
		return true
	}
}

// pass passes on the responses of one watch. The error is one that may pass.
func (l *lastingWatch) pass(ctx context.Context, responses clientv3.WatchChan, out chan<- clientv3.WatchResponse) error {
	for resp := range responses {
		if err := resp.Err(); errors.Is(err, rpctypes.ErrNoLeader) && l.next > 0 {
			return err
		}
		if now := resp.Header.GetRevision(); resp.Created {
			if l.next == 0 {
				l.next = now + 1
			} else if l.past != nil && now-l.next >= history.Long {
				return farBehind{now}
			}
			continue
		}
		if !l.keep(&resp) {
			continue
		}
		l.pause = 0
		select {
		case <-ctx.Done():
			return nil
		case out <- resp:
		}
	}
	return nil
}

// keep drops the events that have been passed on, or were before the watch, and
// tells whether there is anything left.
func (l *lastingWatch) keep(resp *clientv3.WatchResponse) bool {
	n := len(resp.Events)
	for len(resp.Events) > 0 && resp.Events[0].Kv.GetModRevision() < l.next {
		resp.Events = resp.Events[1:]
	}
	switch left := len(resp.Events); {
	case left > 0:
		l.next = resp.Events[left-1].Kv.GetModRevision() + 1
	case n > 0:
		return false
	case resp.IsProgressNotify():
		l.next = max(l.next, resp.Header.GetRevision()+1)
	}
	return true
}

// whyCanceled is the reason of a watch's end; of one that was compacted away,
// with the revision from which there is something to see.
func whyCanceled(resp *clientv3.WatchResponse, err error) error {
	if resp.CompactRevision == 0 {
		return err
	}
	return fmt.Errorf("%w; begin again with --rev %d", err, resp.CompactRevision)
}
