package ctl

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/commands/cli"
	"etcdkit/keyspace/history"
	"etcdkit/printer/view"
)

// watchPrinter prints what watches see. Several may share it.
type watchPrinter struct {
	streams cli.Streams
	session *session
	mu      sync.Mutex      // guards the session's printer and Err
	over    atomic.Bool     // no more commands are started
	past    *history.Reader // nil: one watch reads all
}

// wait returns the context in which watches wait for what happens: it ends when
// nobody reads what they print. While they wait they say it when there is no
// connection.
func (w *watchPrinter) wait(ctx context.Context, a *app) (waiting context.Context, stop func()) {
	ctx, read := w.streams.UntilUnread(ctx)
	told := w.session.reportOutages(ctx, a, w.streams.Err, &w.mu)
	return clientv3.WithRequireLeader(ctx), func() { told(); read() }
}

// follow prints the responses of a watch and runs the command argv, if there is
// one, for each event. It returns nil when the watch has ended, and the cause
// when ctx has, which also ends a running command.
func (w *watchPrinter) follow(ctx context.Context, responses clientv3.WatchChan, argv []string) error {
	for {
		resp, ok, err := w.next(responses)
		if err != nil {
			return err
		}
		if !ok {
			return context.Cause(ctx)
		}
		if err := w.add(&resp); err != nil {
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
			if err := w.runFor(ctx, argv, resp.Header.GetRevision(), e); err != nil {
				return err
			}
		}
	}
}

// quiet is how long nothing has to come for what is printed to be written out.
const quiet = time.Millisecond

// next waits for a response, and tells whether there is one. What is printed so
// far goes out when none follows soon, or none at all.
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

// add prints one response into the buffer.
func (w *watchPrinter) add(resp *clientv3.WatchResponse) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if resp.Canceled {
		fmt.Fprintf(w.streams.Err, "watch was canceled (%v)\n", whyCanceled(resp, w.session.client.Explain(resp.Err())))
	}
	return w.session.out.Add(view.Watch{WatchResponse: &etcdserverpb.WatchResponse{
		Header: resp.Header, Events: resp.Events, CompactRevision: resp.CompactRevision,
		Canceled: resp.Canceled, Created: resp.Created, CancelReason: resp.CancelReason,
	}})
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
	fmt.Fprintf(w.streams.Err, format+"\n", args...)
}

// runFor runs the command argv for the event e, which it finds in its
// environment. One that fails is complained about, and the next event has it run
// again; an error is that it can't be run, or nobody reads what it writes. A command that is running when ctx
// ends is told to end too.
func (w *watchPrinter) runFor(ctx context.Context, argv []string, rev int64, e *mvccpb.Event) error {
	child := exec.CommandContext(ctx, argv[0], argv[1:]...)
	child.Env = append(slices.Clone(w.streams.Env),
		fmt.Sprintf("ETCD_WATCH_REVISION=%d", rev),
		fmt.Sprintf("ETCD_WATCH_EVENT_TYPE=%q", e.GetType()),
		fmt.Sprintf("ETCD_WATCH_KEY=%q", e.GetKv().GetKey()),
		fmt.Sprintf("ETCD_WATCH_VALUE=%q", e.GetKv().GetValue()),
	)
	child.Stdout, child.Stderr = w.streams.Out, w.streams.Err
	child.Cancel = func() error { return child.Process.Signal(syscall.SIGTERM) }
	child.WaitDelay = cli.ChildGrace
	err := child.Run()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err == nil {
		return nil
	}
	w.complain("command %q error (%v)", argv, err) // upstream's line, which has no "Error:"
	if failed := (*exec.ExitError)(nil); errors.As(err, &failed) && !cli.BrokenPipe(failed) {
		return nil
	}
	return cli.Reported(cli.Failure, err)
}
