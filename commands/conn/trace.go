package conn

import (
	"context"
	"errors"
	"net"
	"slices"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
)

// How a request is sent again, as clientv3 does it.
const (
	mostTries  = 100
	firstPause = 25 * time.Millisecond
	leadPause  = 100 * time.Millisecond // while no endpoint has a leader
	// leadPatience is how long a leader is waited for if the request has no
	// deadline: as long as a server waits.
	leadPatience = 7 * time.Second
)

// attempt is one sending of a request.
type attempt struct {
	to  net.Addr // nil if no connection took the request
	err error
}

// trace is the history of one request: a value of that request, so that several
// in flight do not mix.
type trace struct {
	method string
	req    any
	write  bool // it asks for a change
	begun  time.Time
	tries  int
	last   attempt         // the latest one that says something
	passed map[string]bool // addresses of those who can't take the request, as learners
}

// note adds an attempt. A read is repeated until its time is up, and the last
// attempt then says less than the one before, which a server has refused or not
// answered.
func (t *trace) note(a attempt) {
	t.tries++
	if t.write || !timedOut(a.err) || !t.last.refused() && (a.to != nil || !t.last.unheard()) {
		t.last = a
	}
}

// refused reports whether a server has answered that it can't take a request now.
func (a attempt) refused() bool {
	return a.to != nil && (status.Code(a.err) == codes.Unavailable || leaderless(a.err))
}

// unheard reports whether a request was sent and its time was up before an answer came.
func (a attempt) unheard() bool { return a.to != nil && timedOut(a.err) }

// wire sends the requests of a client, below clientv3's retries, and explains
// those that fail.
type wire struct {
	conns    *connections
	failFast bool
	who      identity
	upload   int                                               // largest request, in bytes
	health   func(ctx context.Context, endpoint string) string // the answer of its /health, or ""
}

// unary implements grpc.UnaryClientInterceptor.
func (w *wire) unary(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	t := &trace{method: method, req: req, write: writes(method, req), begun: time.Now(), passed: make(map[string]bool)}
	if needsLeader(method, req) {
		// A member without one then refuses at once, before it proposes anything.
		ctx = clientv3.WithRequireLeader(ctx)
	}
	sending, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	defer w.conns.whenHopeless(func() { giveUp(errUnreachable) })()
	for {
		var to peer.Peer
		err := invoke(sending, method, req, reply, cc, w.options(opts, &to)...)
		t.note(attempt{to.Addr, err})
		if err == nil {
			return nil
		}
		if pause, again := w.again(ctx, t, attempt{to.Addr, err}); !again || !sleep(sending, pause) {
			return w.failed(sending, t, err, func(ctx context.Context, method string, req, reply any, to *peer.Peer) error {
				return invoke(ctx, method, req, reply, cc, grpc.WaitForReady(false), grpc.Peer(to))
			})
		}
	}
}

// again reports whether a request can be sent again, to the next endpoint, and
// after what pause: if it was certainly not carried out, or only reads.
func (w *wire) again(ctx context.Context, t *trace, a attempt) (time.Duration, bool) {
	if a.to != nil && (isLearner(a.err) || leaderless(a.err)) {
		t.passed[a.to.String()] = true
	}
	others := w.conns.others(t.passed)
	fresh := others && len(t.passed) == t.tries // each attempt has gone to another endpoint
	switch {
	case isLearner(a.err) && fresh:
		return 0, true
	case isLearner(a.err):
		return firstPause, others
	case leaderless(a.err) && needsLeader(t.method, t.req) && fresh:
		return 0, t.awaitsLeader(ctx)
	case leaderless(a.err) && needsLeader(t.method, t.req):
		return leadPause, t.awaitsLeader(ctx)
	}
	if w.failFast && a.to == nil {
		return 0, false
	}
	return firstPause, status.Code(a.err) == codes.Unavailable && repeatable(t.method) && t.tries < mostTries
}

// awaitsLeader reports whether a request still waits for a leader.
func (t *trace) awaitsLeader(ctx context.Context) bool {
	_, limited := ctx.Deadline()
	return limited || time.Since(t.begun) < leadPatience
}

// sleep waits, and reports false if ctx has ended first.
func sleep(ctx context.Context, pause time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(pause):
		return true
	}
}

func (w *wire) options(opts []grpc.CallOption, to *peer.Peer) []grpc.CallOption {
	opts = append(slices.Clip(opts), grpc.Peer(to))
	if w.failFast {
		opts = append(opts, grpc.WaitForReady(false))
	}
	return opts
}

// stream implements grpc.StreamClientInterceptor.
func (w *wire) stream(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, begin grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	var to peer.Peer
	t := &trace{method: method}
	sending, giveUp := context.WithCancelCause(ctx)
	stop := w.conns.whenHopeless(func() { giveUp(errUnreachable) })
	s, err := begin(sending, desc, cc, method, w.options(opts, &to)...)
	stop()
	if err != nil {
		t.note(attempt{to.Addr, err})
		err = w.failed(sending, t, err, nil)
		giveUp(nil)
		return nil, err
	}
	return &tracedStream{ClientStream: s, wire: w, trace: t, ctx: sending, end: func() { giveUp(nil) }, oneWay: !desc.ClientStreams}, nil
}

// tracedStream explains how a stream ends.
type tracedStream struct {
	grpc.ClientStream
	wire   *wire
	trace  *trace
	ctx    context.Context
	end    func()
	oneWay bool // the server sends; of other streams clientv3 wants the very errors
}

// SendMsg implements grpc.ClientStream.
func (s *tracedStream) SendMsg(m any) error {
	if s.oneWay {
		s.trace.req = m
	}
	return s.ClientStream.SendMsg(m)
}

// RecvMsg implements grpc.ClientStream.
func (s *tracedStream) RecvMsg(m any) error {
	err := s.ClientStream.RecvMsg(m)
	if r, ok := m.(*pb.WatchResponse); ok && err == nil && r.GetCancelReason() != "" {
		r.CancelReason = plainText(r.GetCancelReason())
	}
	if err == nil {
		return nil
	}
	defer s.end()
	denied := errors.Is(refusal(rpctypes.Error(err)), rpctypes.ErrPermissionDenied)
	if !s.oneWay || !timedOut(err) && !denied {
		return err
	}
	a := attempt{err: err}
	if to, ok := peer.FromContext(s.Context()); ok {
		a.to = to.Addr
	}
	s.trace.note(a)
	failed := s.wire.failed(s.ctx, s.trace, err, nil)
	if f := (*Failure)(nil); denied && errors.As(failed, &f) {
		f.err = err // upstream prints the error of a stream as gRPC does
	}
	return failed
}

// timedOut reports whether a request has ended by its deadline.
func timedOut(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || status.Code(err) == codes.DeadlineExceeded
}

// isLearner reports whether a learner has refused a request because it is one.
func isLearner(err error) bool {
	return errors.Is(rpctypes.Error(err), rpctypes.Error(rpctypes.ErrGRPCNotSupportedForLearner))
}

// leaderless reports whether a member has refused a request because it has no leader.
func leaderless(err error) bool { return errors.Is(rpctypes.Error(err), rpctypes.ErrNoLeader) }
