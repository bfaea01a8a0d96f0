package live

import (
	"context"
	"errors"
	"iter"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/keyspace"
)

// Watch says which keys to watch.
type Watch = keyspace.Watch

// options returns the options of a request but for its revision.
func options(w Watch) []clientv3.OpOption {
	opts := []clientv3.OpOption{clientv3.WithRange(w.End), clientv3.WithCreatedNotify()}
	for _, o := range []struct {
		set bool
		opt func() clientv3.OpOption
	}{
		{w.NoPut, clientv3.WithFilterPut}, {w.NoDelete, clientv3.WithFilterDelete},
		{w.PrevKV, clientv3.WithPrevKV}, {w.ProgressNotify, clientv3.WithProgressNotify},
	} {
		if o.set {
			opts = append(opts, o.opt())
		}
	}
	return opts
}

// Watcher begins watches of one cluster. They share a stream.
type Watcher struct {
	clientv3.Watcher
	flow *flow
	lost func(err error, next int64)
}

// Watcher returns a watcher. When a watch has failed and will resume, it calls
// lost, if that is not nil, with the failure and the revision to resume at. The
// caller closes the watcher.
func (s *Source) Watcher(lost func(err error, next int64)) *Watcher {
	f := newFlow(pb.NewWatchClient(s.Client.ActiveConnection()))
	f.plain = s.Single
	return &Watcher{clientv3.NewWatchFromWatchClient(f, s.Client), f, lost}
}

// Watching is a watch that has been started.
type Watching struct {
	Watch
	Responses clientv3.WatchChan // closed at the end of the watch, or of its context
	err       error
}

// Err returns why the watch has ended, once its responses are closed: nil if it
// has reached its last revision.
func (w *Watching) Err() error { return w.err }

// errEnded is the error of a watch that the server or the caller has ended.
var errEnded = errors.New("the watch has ended")

// Watch begins a watch, and returns when the server has accepted it. After a
// failure that may pass, the watch resumes where it was: clientv3 does so after a
// lost connection, but not when the member has lost its leader.
func (w *Watcher) Watch(ctx context.Context, what Watch) *Watching {
	if what.Key == "" {
		what.Key = "\x00" // as a server has it
	}
	l := &lasting{Watch: what, watcher: w, next: what.From}
	if l.Until > 0 && l.From == 0 {
		l.next, l.oldest = 1, true
	}
	if l.Until > 0 && l.next > l.Until {
		none := make(chan clientv3.WatchResponse)
		close(none)
		return &Watching{Watch: what, Responses: none}
	}
	return l.run(ctx)
}

// Events returns the events of a range of revisions.
func (s *Source) Events(ctx context.Context, from, to int64, r keyspace.Range) iter.Seq2[*mvccpb.Event, error] {
	return func(yield func(*mvccpb.Event, error) bool) {
		ctx, cancel := context.WithCancel(clientv3.WithRequireLeader(ctx))
		defer cancel()
		watcher := s.Watcher(nil)
		defer watcher.Close() //nolint:errcheck // the events have been read
		watching := watcher.Watch(ctx, Watch{Key: r.Key, End: r.End, From: max(1, from), Until: to, PrevKV: r.PrevKV})
		err := error(nil)
		for resp := range watching.Responses {
			for _, e := range resp.Events {
				if !yield(e, nil) {
					return
				}
			}
			if resp.Err() != nil {
				err = resp.Err()
			}
		}
		switch {
		case watching.Err() == nil:
			return
		case err == nil && ctx.Err() != nil:
			err = context.Cause(ctx)
		case err == nil:
			err = watching.Err()
		case s.Explain != nil:
			err = s.Explain(err)
		}
		yield(nil, err)
	}
}

// The pauses before a watch resumes double from the first to the longest.
const (
	firstWatchPause   = 100 * time.Millisecond
	longestWatchPause = 2 * time.Second
)

// lasting is a watch that resumes where it was.
type lasting struct {
	Watch
	watcher watcher
	next    int64         // the first revision that has not been passed on; 0 until it is known
	oldest  bool          // next is to become the oldest revision that the server has
	pause   time.Duration // the last one; 0 after progress
}

// watcher is the part of a Watcher that a lasting watch uses.
type watcher interface {
	begin(ctx context.Context, key string, opts ...clientv3.OpOption) clientv3.WatchChan
	report(err error, next int64)
	took(bytes int64)
	RequestProgress(ctx context.Context) error
}

func (w *Watcher) begin(ctx context.Context, key string, opts ...clientv3.OpOption) clientv3.WatchChan {
	return w.Watcher.Watch(ctx, key, opts...)
}

func (w *Watcher) took(bytes int64) { w.flow.taken(bytes) }

func (w *Watcher) report(err error, next int64) {
	if w.lost != nil {
		w.lost(err, next)
	}
}

// run begins the watch and returns its responses.
func (l *lasting) run(ctx context.Context) *Watching {
	out := make(chan clientv3.WatchResponse)
	watching := &Watching{Watch: l.Watch, Responses: out, err: errEnded}
	attempt, cancel := context.WithCancel(ctx)
	responses := l.begin(attempt)
	go func() {
		defer close(out)
		for {
			err := l.pass(attempt, responses, out)
			cancel()
			switch {
			case errors.Is(err, errReached):
				watching.err = nil
				return
			case errors.Is(err, ErrWrong):
				watching.err = err
				return
			case err == nil || !l.rest(ctx, err):
				return
			}
			attempt, cancel = context.WithCancel(ctx)
			responses = l.begin(attempt)
		}
	}()
	return watching
}

// begin watches from the next revision on.
func (l *lasting) begin(ctx context.Context) clientv3.WatchChan {
	if l.Until > 0 {
		go l.askProgress(ctx)
	}
	return l.watcher.begin(ctx, l.Key, append(options(l.Watch), clientv3.WithRev(l.next))...)
}

// askProgress asks the server for its progress until ctx ends: a server answers
// once a watch has caught up, and that ends a watch with an end revision.
func (l *lasting) askProgress(ctx context.Context) {
	for pause := firstWatchPause / 10; ; pause = min(2*pause, longestWatchPause) {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
			_ = l.watcher.RequestProgress(ctx) // the watch reports the error
		}
	}
}

// Ends of a watch that are no failures.
var (
	errReached = errors.New("the last revision was reached")
	errOldest  = errors.New("the watch begins at the oldest revision")
)

// rest pauses after an error, and reports whether to resume.
func (l *lasting) rest(ctx context.Context, err error) bool {
	if errors.Is(err, errOldest) {
		return true
	}
	if l.pause == 0 {
		l.watcher.report(err, l.next)
	}
	l.pause = min(max(2*l.pause, firstWatchPause), longestWatchPause)
	select {
	case <-ctx.Done():
		return false
	case <-time.After(l.pause):
		return true
	}
}

// pass passes on the responses of one attempt. It returns nil when the watch has
// ended, and otherwise why it is to be resumed or is complete.
func (l *lasting) pass(ctx context.Context, responses clientv3.WatchChan, out chan<- clientv3.WatchResponse) error {
	for resp := range responses {
		size := eventBytes(resp.Events)
		if err := resp.Err(); errors.Is(err, ErrWrong) || errors.Is(err, rpctypes.ErrNoLeader) && l.next > 0 {
			return err
		}
		for _, e := range resp.Events {
			if !keyspace.Within(e.Kv.GetKey(), l.Key, l.End) {
				return wrong("an event of key %q, which is not watched", e.Kv.GetKey())
			}
		}
		if resp.CompactRevision > 0 && l.oldest {
			l.next = resp.CompactRevision
			return errOldest
		}
		if resp.Created {
			if l.next == 0 {
				l.next = resp.Header.GetRevision() + 1
			}
			continue
		}
		over := l.Until > 0 && (resp.IsProgressNotify() && resp.Header.GetRevision() >= l.Until || l.cut(&resp))
		if l.keep(&resp) {
			l.pause, l.oldest = 0, false
			select {
			case <-ctx.Done():
				return nil
			case out <- resp:
			}
		}
		l.watcher.took(size)
		if over {
			return errReached
		}
	}
	return nil
}

// cut drops the events after the last revision, and reports whether there were
// any.
func (l *lasting) cut(resp *clientv3.WatchResponse) bool {
	for i, e := range resp.Events {
		if e.Kv.GetModRevision() > l.Until {
			resp.Events = resp.Events[:i]
			return true
		}
	}
	return false
}

// keep drops the events that were passed on before, or were before the watch, and
// reports whether there is anything left to pass on.
func (l *lasting) keep(resp *clientv3.WatchResponse) bool {
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
		return l.Until == 0
	}
	return l.Until <= 0 || n > 0 || resp.Err() != nil
}
