// Package retry repeats requests to an etcd cluster that cannot be reached or
// cannot serve them at the moment.
//
// It may import etcd's API packages and grpc's codes; never a command, a printer
// or the command line.
package retry

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Retrier repeats requests to one cluster for as long as they fail because the
// cluster is unreachable or cannot serve requests at the moment. Requests to a
// cluster that has never answered fail after Timeout. A Retrier is safe for
// concurrent use; its exported fields are set before the first use.
type Retrier struct {
	Timeout  time.Duration     // of one attempt
	Patience time.Duration     // fail when every attempt has failed for this long; 0 means never
	Explain  func(error) error // adds the cause to the error of an attempt; may be nil
	Report   func(error)       // called with the error that starts an outage, and with nil when it is over; may be nil

	mu       sync.Mutex
	answered bool
	failures int       // since the last success
	success  time.Time // time of the last success
	since    time.Time // every attempt since then has failed
}

// The pauses between attempts double from the first to the longest.
const (
	firstPause   = 50 * time.Millisecond
	longestPause = 2 * time.Second
)

// Do sends a request until it succeeds, giving each attempt Timeout. It returns
// the explained error of the last attempt, or the cause of ctx's end.
//
// A request whose answer was lost is sent again, so it must be one that may be
// carried out twice, at any time: a read, or the grant or renewal of a lease.
func (r *Retrier) Do(ctx context.Context, request func(context.Context) error) error {
	return r.Loop(ctx, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, r.Timeout)
		defer cancel()
		return request(ctx)
	})
}

// Loop is Do for work of more than one request that resumes where it failed. The
// work calls Succeeded as it makes progress, and sets its own time limits.
func (r *Retrier) Loop(ctx context.Context, work func(context.Context) error) error {
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

// Succeeded records that the cluster has answered.
func (r *Retrier) Succeeded() {
	r.mu.Lock()
	over := r.answered && r.failures > 0
	r.answered, r.failures, r.success = true, 0, time.Now()
	r.mu.Unlock()
	if over && r.Report != nil {
		r.Report(nil)
	}
}

// Failed records that an attempt that started at begun has failed. If another
// attempt is worthwhile, Failed waits for the pause and returns nil; otherwise
// it returns the final error.
func (r *Retrier) Failed(ctx context.Context, begun time.Time, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if r.Explain != nil {
		err = r.Explain(err)
	}
	if !Transient(err) {
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

// count records a failure and returns the pause before the next attempt,
// whether it starts an outage, and whether to stop retrying.
func (r *Retrier) count(begun time.Time) (pause time.Duration, first, enough bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failures == 0 {
		r.since = begun // or later, if the attempt made progress
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

// Transient reports whether err means that the cluster cannot be reached or
// cannot serve the request at the moment. Other errors are about the request.
func Transient(err error) bool {
	var refusal rpctypes.EtcdError
	var lasting interface{ Permanent() bool }
	switch {
	case errors.As(err, &lasting) && lasting.Permanent():
		return false
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

// MessageTooLarge reports whether a request or its answer has more bytes than one
// end of the connection accepts.
func MessageTooLarge(err error) bool {
	var refusal rpctypes.EtcdError
	return !errors.As(err, &refusal) && status.Code(err) == codes.ResourceExhausted
}
