// Package backend streams the backend file of one member, as "snapshot save"
// saves it, from the first of several endpoints that sends it. It knows the
// client's messages, but dials and explains errors by its caller's functions.
package backend

import (
	"context"
	"errors"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Client is a connection to one endpoint.
type Client interface {
	SnapshotWithVersion(ctx context.Context) (*clientv3.SnapshotResponse, error)
	Explain(err error) error // adds the cause of a failure
	Close() error
}

// Options say where a stream comes from.
type Options struct {
	Endpoints []string
	Dial      func(ctx context.Context, endpoint string) (Client, error)
	// Wait is how long an endpoint may take to send the first bytes if others
	// follow; 0 is as long as it takes.
	Wait time.Duration
	// Unavailable reports whether an error is that of an endpoint that can't be
	// reached, so that the next one is asked.
	Unavailable func(error) bool
	// Chosen and Failed are told about each endpoint that was asked, if there
	// are several.
	Chosen func(endpoint string)
	Failed func(endpoint string, err error)
}

// Stream is the backend of one member as it arrives. It is opened by the first
// read. It is for one goroutine.
type Stream struct {
	ctx  context.Context // Read has no other way to get it
	opts Options

	client Client
	resp   *clientv3.SnapshotResponse
	cancel context.CancelCauseFunc
	err    error // why it could not be opened
}

// New returns a stream that ends with ctx. The caller closes it.
func New(ctx context.Context, o Options) *Stream { return &Stream{ctx: ctx, opts: o} }

// Read implements io.Reader.
func (s *Stream) Read(b []byte) (int, error) {
	if s.resp == nil && s.err == nil {
		s.err = s.open()
	}
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.resp.Snapshot.Read(b)
	return n, s.client.Explain(timeUp(err))
}

// Err is why the stream could not be opened.
func (s *Stream) Err() error { return s.err }

// Version is the version of the server that sent the backend; "" if it did not
// say.
func (s *Stream) Version() string {
	if s.resp == nil {
		return ""
	}
	return s.resp.Version
}

// Close ends the stream, at whatever point it is.
func (s *Stream) Close() {
	if s.resp == nil {
		return
	}
	s.cancel(nil)
	_ = s.resp.Snapshot.Close() // the caller has read everything it wanted
	_ = s.client.Close()
}

// open opens the backend of the first endpoint, in the order given, that can
// be reached and answers in time.
func (s *Stream) open() error {
	several := len(s.opts.Endpoints) > 1
	err := errors.New("could not get a snapshot: there is no endpoint in --endpoints")
	for i, endpoint := range s.opts.Endpoints {
		var wait time.Duration
		if i < len(s.opts.Endpoints)-1 {
			wait = s.opts.Wait
		}
		if err = s.openAt(endpoint, wait); err == nil {
			if several {
				s.opts.Chosen(endpoint)
			}
			return nil
		}
		if several {
			s.opts.Failed(endpoint, err)
		}
		if !s.opts.Unavailable(err) || s.ctx.Err() != nil {
			return err
		}
	}
	return err
}

// openAt opens the backend of one endpoint, whose first bytes have arrived when
// it returns. It gives up after wait, unless that is 0.
func (s *Stream) openAt(endpoint string, wait time.Duration) error {
	ctx, cancel := context.WithCancelCause(s.ctx)
	inTime := func() bool { return true }
	if wait > 0 {
		inTime = time.AfterFunc(wait, func() { cancel(context.DeadlineExceeded) }).Stop
	}
	client, err := s.opts.Dial(ctx, endpoint)
	if err != nil {
		cancel(err)
		return err
	}
	resp, err := client.SnapshotWithVersion(ctx)
	if inTime() && err == nil {
		s.client, s.resp, s.cancel = client, resp, cancel
		return nil
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	err = client.Explain(timeUp(err))
	cancel(err)
	_ = client.Close() // the error at hand says more
	return err
}

// timeUp is err in the client's words if the server was the first to notice
// that the time limit has passed.
func timeUp(err error) error {
	if status.Code(err) == codes.DeadlineExceeded {
		return context.DeadlineExceeded
	}
	return err
}
