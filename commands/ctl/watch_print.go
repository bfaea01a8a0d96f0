package ctl

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/commands/cli"
	"etcdkit/commands/read"
	"etcdkit/keyspace/live"
	"etcdkit/printer/view"
)

// watchPrinter prints the responses of watches. Several may share it.
type watchPrinter struct {
	streams  cli.Streams
	session  *session
	source   *live.Source
	decoder  view.Decoder // of values; may be nil
	watcher  *live.Watcher
	mu       sync.Mutex  // guards the session's printer and Err
	over     atomic.Bool // no more commands are started
	complete atomic.Bool // a watch has reached its last revision
}

// newWatchPrinter returns a printer of a session. The caller closes its watcher.
func newWatchPrinter(a *app, s *session) *watchPrinter {
	w := &watchPrinter{streams: a.streams, session: s, source: newSource(a, s.client)}
	w.watcher = w.source.Watcher(func(err error, next int64) { w.complain("%v: resuming watch at revision %d", err, next) })
	return w
}

// wait returns the context in which watches wait for events: it ends when their
// output is no longer read. While they wait, they report lost connections.
func (w *watchPrinter) wait(ctx context.Context, a *app) (waiting context.Context, stop func()) {
	ctx, read := w.streams.UntilUnread(ctx)
	told := w.session.reportOutages(ctx, a, w.streams.Err, &w.mu)
	return clientv3.WithRequireLeader(ctx), func() { told(); read() }
}

// begin begins a watch, and returns when the server has accepted it.
func (w *watchPrinter) begin(ctx context.Context, r watchRequest) (*live.Watching, error) {
	if r.untilNow {
		now, err := w.source.HeadBy(ctx, r.what.Key)
		if err != nil {
			return nil, err
		}
		r.what.Until = now.Revision
	}
	return w.watcher.Watch(ctx, r.what), nil
}

// follow begins a watch and prints it.
func (w *watchPrinter) follow(ctx context.Context, r watchRequest) error {
	watching, err := w.begin(ctx, r)
	if err != nil {
		return err
	}
	return w.print(ctx, watching, r.argv)
}

// print prints the responses of a watch and runs the command argv, if there is
// one, for each event. It returns nil when the watch has ended, and the cause
// when ctx has ended, which also ends a running command.
func (w *watchPrinter) print(ctx context.Context, watching *live.Watching, argv []string) error {
	command := read.EventCommand{Argv: argv, Streams: w.streams, Complain: w.complain}
	for {
		resp, ok, err := w.next(watching.Responses)
		if err != nil {
			return err
		}
		if !ok {
			return w.ended(ctx, watching)
		}
		if err := w.add(watching, &resp); err != nil {
			return err
		}
		if len(argv) == 0 {
			continue
		}
		if err := w.flush(); err != nil {
			return err
		}
		for _, e := range resp.Events {
			if w.over.Load() {
				break
			}
			if err := command.Run(ctx, resp.Header.GetRevision(), e); err != nil {
				return err
			}
		}
	}
}

// ended returns the error of a watch without more responses.
func (w *watchPrinter) ended(ctx context.Context, watching *live.Watching) error {
	switch err := watching.Err(); {
	case err == nil:
		w.complete.Store(true)
		return nil
	case errors.Is(err, live.ErrWrong):
		return err
	}
	return context.Cause(ctx)
}

// quiet is the time without a response after which the output is written out.
const quiet = time.Millisecond

// next waits for a response, and reports whether there is one. Buffered output
// is written if no response follows soon, or none at all.
func (w *watchPrinter) next(responses clientv3.WatchChan) (resp clientv3.WatchResponse, ok bool, err error) {
	select {
	case resp, ok = <-responses:
		if ok {
			return resp, ok, nil
		}
	case <-time.After(quiet):
	}
	if err := w.flush(); err != nil {
		return resp, false, err
	}
	resp, ok = <-responses
	return resp, ok, nil
}

// add prints one response of a watch into the buffer.
func (w *watchPrinter) add(watching *live.Watching, resp *clientv3.WatchResponse) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if resp.Canceled {
		why := w.session.client.ExplainWatch(resp.Err(), watching.Key, watching.End)
		fmt.Fprintf(cli.Visible(w.streams.Err), "watch was canceled (%v)\n", whyCanceled(resp, why))
	}
	return w.session.out.Add(view.Watch{WatchResponse: &etcdserverpb.WatchResponse{
		Header: resp.Header, Events: resp.Events, CompactRevision: resp.CompactRevision,
		Canceled: resp.Canceled, Created: resp.Created, CancelReason: resp.CancelReason,
	}, Decoder: w.decoder})
}

func (w *watchPrinter) flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.session.out.Flush()
}

// complain prints a line on the error stream.
func (w *watchPrinter) complain(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	fmt.Fprintf(cli.Visible(w.streams.Err), format+"\n", args...)
}

// whyCanceled returns the reason of a watch's end; for one that was compacted
// away, with the oldest revision that can be watched.
func whyCanceled(resp *clientv3.WatchResponse, err error) error {
	if resp.CompactRevision == 0 {
		return err
	}
	return fmt.Errorf("%w; begin again with --rev %d", err, resp.CompactRevision)
}
