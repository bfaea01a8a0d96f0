package conn

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Failure is the error of a request with details beyond the text of clientv3:
// the endpoint it is about, the cause and the next step.
type Failure struct {
	err       error
	order     order
	endpoints []string
	cause     string
	hint      string
	permanent bool
}

// order says how the error of the client and the cause make one line.
type order int

const (
	errorFirst order = iota // the server's words, then the cause
	causeFirst              // the cause, then that time ran out
	causeAlone              // no request was sent
)

// errUnreachable is the error of a request that no endpoint will ever take:
// waiting does not change it.
var errUnreachable = errors.New("no endpoint can be reached")

// errUnsent is the error of a request that was not sent because no endpoint
// could receive it, although one may be able to later. Upstream's request waits
// for that until its deadline, so it counts as a timeout.
var errUnsent = fmt.Errorf("%w: %w", errUnreachable, context.DeadlineExceeded)

// Error returns the error and its cause in one line.
func (f *Failure) Error() string {
	cause := joined(f.cause, f.hint)
	switch {
	case cause == "":
		return plainText(f.err.Error())
	case f.order == causeAlone:
		return cause
	case f.order == causeFirst:
		return cause + ": " + f.err.Error()
	}
	return plainText(f.err.Error()) + ": " + cause
}

// Unwrap returns the error as clientv3 has it.
func (f *Failure) Unwrap() error { return f.err }

// Endpoint returns the endpoints that the error is about, separated by commas, as
// the user wrote them but for passwords, or "".
func (f *Failure) Endpoint() string { return strings.Join(f.endpoints, ",") }

// Cause returns why the request failed, or "" if nothing is known beyond the error itself.
func (f *Failure) Cause() string { return f.cause }

// Hint returns the next step, or "".
func (f *Failure) Hint() string { return f.hint }

// Permanent reports whether another try would fail the same way: no endpoint can
// be reached, for reasons that waiting does not change.
func (f *Failure) Permanent() bool { return f.permanent }

// Bare returns the error of a request in clientv3's words alone, as upstream
// prints it, for outputs that scripts read.
func Bare(err error) error {
	f := (*Failure)(nil)
	switch {
	case !errors.As(err, &f):
		return err
	case errors.Is(f.err, errUnreachable):
		return context.DeadlineExceeded // how upstream's request ends
	}
	return f.err
}

func joined(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), "; ")
}
