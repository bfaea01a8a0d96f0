package bulk

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Retry makes requests of one cluster again for as long as they fail because it
// can't be reached, or can't take requests now. A cluster that has never
// answered is given up after Timeout. It may be used from several goroutines.
type Retry struct {
	Timeout  time.Duration     // of one try
	Patience time.Duration     // how long every try may have failed; 0 is for ever
	Explain  func(error) error // adds the cause to the error of a try; may be nil
	Report   func(error)       // told why an outage began, and nil when it is over; may be nil

	mu       sync.Mutex
	answered bool
	failures int       // since the last success
	success  time.Time // when that was
	since    time.Time // how long every try has failed
}

// The pauses between tries: the first, and the longest.
const (
	firstPause   = 50 * time.Millisecond
	longestPause = 2 * time.Second
)

// Do makes a request, each try of it within the retry's Timeout. An error is
// the explained one of the last try, or the cause of the end of ctx.
func (r *Retry) Do(ctx context.Context, request func(context.Context) error) error {
	return r.Loop(ctx, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, r.Timeout)
		defer cancel()
		return request(ctx)
	})
}

// Loop is Do for work that takes longer than one request and goes on where it
// has failed. It says by Succeeded that it gets on, and sees to time limits by
// itself.
func (r *Retry) Loop(ctx context.Context, work func(context.Context) error) error {
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		begun := time.Now()
		err := work(ctx)
		if err == nil {
			r.Succeeded()
			return nil
		}
		if err = r.Failed(ctx, begun, err); err != nil {
			return err
		}
	}
}

// Succeeded says that the cluster has answered.
func (r *Retry) Succeeded() {
	r.mu.Lock()
	over := r.answered && r.failures > 0
	r.answered, r.failures, r.success = true, 0, time.Now()
	r.mu.Unlock()
	if over && r.Report != nil {
		r.Report(nil)
	}
}

// Failed says that something which began at begun has failed. It waits and
// returns nil where that is worth another try, and otherwise the error to give
// up with.
func (r *Retry) Failed(ctx context.Context, begun time.Time, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if r.Explain != nil {
		err = r.Explain(err)
	}
	if !transient(err) {
		return err
	}
	pause, first, enough := r.count(begun)
	switch {
	case enough:
		return err
	case first && r.Report != nil:
		r.Report(err)
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(pause):
		return nil
	}
}

// count notes a failure, and tells how long to wait after it, whether an outage
// begins with it, and whether it is one too many.
func (r *Retry) count(begun time.Time) (pause time.Duration, first, enough bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failures == 0 {
		r.since = begun // or later, if that has been of use
		if r.success.After(begun) {
			r.since = r.success
		}
	}
	pause = min(firstPause<<min(r.failures, 10), longestPause)
	r.failures++
	patience := r.Patience
	if !r.answered {
		patience = r.Timeout
	}
	enough = patience > 0 && time.Since(r.since) >= patience
	return pause, r.answered && r.failures == 1, enough
}

// transient tells whether err is that of a cluster that can't be reached or
// can't take a request now. The rest is what it has against the request.
func transient(err error) bool {
	var refusal rpctypes.EtcdError
	switch {
	case errors.Is(err, rpctypes.ErrTooManyRequests), errors.Is(err, rpctypes.ErrAuthOldRevision):
		return true
	case errors.As(err, &refusal):
		return refusal.Code() == codes.Unavailable
	case errors.Is(err, context.DeadlineExceeded):
		return true
	}
	code := status.Code(err)
	return code == codes.Unavailable || code == codes.DeadlineExceeded
}

// finishing returns a context that ends at the deadline of ctx, if it has one,
// but not with ctx: a write that is on its way is waited for.
func finishing(ctx context.Context) (context.Context, context.CancelFunc) {
	free := context.WithoutCancel(ctx)
	if deadline, ok := ctx.Deadline(); ok {
		return context.WithDeadline(free, deadline)
	}
	return context.WithCancel(free)
}
