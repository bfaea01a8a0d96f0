package conn

import (
	"context"
	"errors"
	"strings"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

const (
	// mayHaveHappened is said of a write whose answer is missing.
	mayHaveHappened = "the write may have happened"
	// tooFew is the reason why there is no leader.
	tooFew = "too few members are up, or they don't reach each other"
)

// Explain returns the error that a request of this client ended with, with its
// cause in the same line: why no connection could be made, which endpoint has
// not answered, that a write may have happened although there is no answer. The
// result wraps err, so its exit code is kept. An error that needs no
// explanation is returned unchanged.
//
// The error of a request brings its own trace ([Failure]), so it is explained
// already; this is for errors from other sources, such as a watch.
func (c *Client) Explain(err error) error { return c.explainAs(err, &trace{}) }

// ExplainWatch is Explain for the error with which a watch of a range has ended.
func (c *Client) ExplainWatch(err error, key, end string) error {
	req := &pb.WatchCreateRequest{Key: []byte(key), RangeEnd: []byte(end)}
	return c.explainAs(err, &trace{method: pb.Watch_Watch_FullMethodName, req: req})
}

func (c *Client) explainAs(err error, t *trace) error {
	if done := (*Failure)(nil); err == nil || errors.As(err, &done) {
		return err
	}
	s := &story{wire: c.wire, err: refusal(rpctypes.Error(err)), trace: t}
	if f := s.explain(); f != nil {
		f.err = err
		return f
	}
	if text := err.Error(); plainText(text) != text && !strings.Contains(text, "\n") {
		return &Failure{err: err}
	}
	return err
}

// asker sends a request beside the one that has failed, to whichever endpoint is next.
type asker func(ctx context.Context, method string, req, reply any, to *peer.Peer) error

// failed returns the error for a request whose last attempt ended with err.
func (w *wire) failed(ctx context.Context, t *trace, err error, ask asker) error {
	base := rpctypes.Error(err)
	s := &story{wire: w, trace: t, err: refusal(base)}
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errUnreachable):
		s.err = errUnreachable
		if w.failFast {
			s.err = errUnsent
		}
	case errors.Is(ctx.Err(), context.Canceled):
		return err
	case ctx.Err() != nil, timedOut(err):
		s.err = context.DeadlineExceeded
	case w.failFast && t.last.to == nil && status.Code(err) == codes.Unavailable:
		// Not a status, so that clientv3 does not try again.
		s.err = errUnsent
	}
	s.permanent = errors.Is(s.err, errUnreachable) && w.conns.areHopeless()
	if ask != nil {
		s.inquire(context.WithoutCancel(ctx), ask)
	}
	if f := s.explain(); f != nil {
		if errors.Is(s.err, rpctypes.ErrPermissionDenied) {
			f.err = base
		}
		return f
	}
	if s, ok := status.FromError(err); ok && plainText(s.Message()) != s.Message() {
		return status.Error(s.Code(), plainText(s.Message()))
	}
	return err
}

// story is a failed request and all that is known about it.
type story struct {
	*wire
	trace     *trace
	err       error // in clientv3's words
	permanent bool  // no endpoint can ever be reached

	roles   []string // of the user, if they could be had
	version string   // of the server, as asked for
	says    string   // the answer of the endpoint's /health
}

// reason describes one kind of failed request.
type reason struct {
	holds func(*story) bool
	says  func(*story) Failure
}

// explain returns the error with its cause, or nil if there is nothing to add.
func (s *story) explain() *Failure {
	for _, r := range reasons() {
		if !r.holds(s) {
			continue
		}
		f := r.says(s)
		if f.cause == "" {
			return nil
		}
		if f.err == nil {
			f.err = s.err
		}
		f.permanent = s.permanent
		if f.endpoints == nil && s.trace.last.to != nil {
			f.endpoints = []string{s.endpoint()}
		}
		return &f
	}
	return nil
}

// reasons lists the kinds of failed requests. The first that holds applies.
func reasons() []reason {
	return []reason{
		{isErr(rpctypes.ErrUserEmpty), func(s *story) Failure { return s.who.nobody() }},
		{isErr(rpctypes.ErrNoSpace), says("the quota is used up", "compaction, then defrag, then alarm disarm make room")},
		{func(s *story) bool { return isLearner(s.err) }, says("it is asked of a learner", "name a voting member in --endpoints")},
		{isErr(rpctypes.ErrPermissionDenied), (*story).denied},
		{(*story).unknownUser, (*story).denied},
		{isErr(rpctypes.ErrNoLeader), says(tooFew, "")},
		{(*story).notText, says("names and passwords have to be UTF-8", "")},
		{func(s *story) bool { return tooLarge(s.err) && s.size() > s.upload }, says("a larger --max-request-bytes sends it", "")},
		{func(s *story) bool { return tooLarge(s.err) && !s.trace.write }, says("a larger --max-recv-bytes takes it", "")},
		{(*story).unimplemented, (*story).lacks},
		{func(s *story) bool { return errors.Is(s.err, errUnreachable) }, (*story).notConnected},
		{func(s *story) bool {
			return s.code() == codes.Unavailable && s.trace.last.to == nil && !serverTimeout(s.err)
		}, (*story).disconnected},
		{func(s *story) bool { return serverTimeout(s.err) || s.code() == codes.Unavailable }, func(s *story) Failure { return Failure{cause: s.unanswered()} }},
		{func(s *story) bool { return timedOut(s.err) && leaderless(s.trace.last.err) }, (*story).noLeader},
		{func(s *story) bool { return timedOut(s.err) && s.trace.last.refused() }, (*story).refused},
		{func(s *story) bool { return timedOut(s.err) && s.trace.last.to != nil }, (*story).silence},
		{func(s *story) bool { return timedOut(s.err) }, (*story).late},
	}
}

func isErr(target error) func(*story) bool {
	return func(s *story) bool { return errors.Is(s.err, target) }
}

func says(cause, hint string) func(*story) Failure {
	return func(*story) Failure { return Failure{cause: cause, hint: hint} }
}

// code returns the gRPC code of the error: OK if that is etcd's own.
func (s *story) code() codes.Code {
	if e := (rpctypes.EtcdError{}); errors.As(s.err, &e) {
		return e.Code()
	}
	return status.Code(s.err)
}

// endpoint returns who took the latest attempt.
func (s *story) endpoint() string { return s.conns.nameOf(s.trace.last.to) }

// unanswered warns of a write that was sent.
func (s *story) unanswered() string {
	if s.trace.write && s.trace.last.to != nil {
		return mayHaveHappened
	}
	return ""
}

func (s *story) notConnected() Failure {
	cause, endpoints := s.conns.causes((*connection).failure)
	return Failure{order: causeAlone, cause: cause, endpoints: endpoints}
}

func (s *story) disconnected() Failure {
	cause, endpoints := s.conns.causes((*connection).failure)
	return Failure{cause: cause, endpoints: endpoints}
}

func (s *story) noLeader() Failure {
	f := Failure{order: causeFirst, cause: s.endpoint() + " has no leader: " + tooFew}
	if s.trace.method == pb.Auth_Authenticate_FullMethodName {
		f.hint = "logging in with a password needs a leader, a client certificate does not"
		if s.says != "" {
			f.hint += "; /health there says " + plainText(s.says)
		}
	}
	return f
}

func (s *story) refused() Failure {
	return Failure{order: causeFirst, cause: s.endpoint() + ": " + plainText(rpctypes.ErrorDesc(s.trace.last.err))}
}

func (s *story) silence() Failure {
	return Failure{order: causeFirst, cause: joined("no answer from "+s.endpoint(), s.unanswered())}
}

// late says why no connection took the request in time. If there is a connection,
// a stream on it has stalled.
func (s *story) late() Failure {
	cause, endpoints := s.conns.causes((*connection).cause)
	if name, ok := s.conns.only(); ok && cause == "" {
		cause, endpoints = "no answer from "+name, []string{name}
	}
	return Failure{order: causeFirst, cause: cause, endpoints: endpoints}
}

// size returns how large the request is, in bytes.
func (s *story) size() int {
	if m, ok := s.trace.req.(proto.Message); ok {
		return proto.Size(m)
	}
	return 0
}

// notText reports whether a string of the request is not UTF-8.
func (s *story) notText() bool {
	m, ok := s.trace.req.(proto.Message)
	if !ok || s.code() != codes.Internal {
		return false
	}
	_, err := proto.Marshal(m) // only strings can fail
	return err != nil
}

// refusal returns the error that a server has refused a request for, which it may
// say only in words, or err if that is another one.
func refusal(err error) error {
	switch rpctypes.ErrorDesc(err) {
	case rpctypes.ErrGRPCUserEmpty.Error():
		return rpctypes.ErrUserEmpty
	case rpctypes.ErrGRPCPermissionDenied.Error(), errDenied.Error():
		return rpctypes.ErrPermissionDenied
	}
	return err
}

// tooLarge reports whether a message has more bytes than one end of the connection
// accepts.
func tooLarge(err error) bool {
	var refusal rpctypes.EtcdError
	return !errors.As(err, &refusal) && status.Code(err) == codes.ResourceExhausted
}

// serverTimeout reports whether the server has given a request up that it had
// already passed on to the others.
func serverTimeout(err error) bool {
	return errors.Is(err, rpctypes.ErrTimeout) || errors.Is(err, rpctypes.ErrTimeoutDueToLeaderFail) ||
		errors.Is(err, rpctypes.ErrTimeoutDueToConnectionLost) || errors.Is(err, rpctypes.ErrTimeoutWaitAppliedIndex)
}

// unimplemented reports whether the server does not know the method.
func (s *story) unimplemented() bool {
	return s.code() == codes.Unimplemented && s.trace.method != ""
}

// lacks returns that error text, with the server's version if it is known.
func (s *story) lacks() Failure {
	server := "the server"
	if s.version != "" {
		server += " (" + plainText(s.version) + ")"
	}
	return Failure{order: causeAlone, cause: server + " does not have " + methodName(s.trace.method)}
}

// methodName returns a method without the package: Auth.AuthStatus.
func methodName(method string) string {
	return strings.ReplaceAll(strings.TrimPrefix(method, "/etcdserverpb."), "/", ".")
}

// inquire asks the servers for the facts that the explanation needs. It is a
// separate step so that formatting an error sends nothing.
func (s *story) inquire(ctx context.Context, ask asker) {
	ctx, cancel := context.WithTimeout(ctx, inquiry)
	defer cancel()
	switch {
	case errors.Is(s.err, rpctypes.ErrPermissionDenied) && s.who.name() != "":
		var got pb.AuthUserGetResponse
		if ask(ctx, pb.Auth_UserGet_FullMethodName, &pb.AuthUserGetRequest{Name: s.who.name()}, &got, new(peer.Peer)) == nil {
			s.roles = append([]string{}, got.GetRoles()...)
		}
	case s.trace.method == pb.Auth_Authenticate_FullMethodName && leaderless(s.trace.last.err) && s.trace.last.to != nil && s.health != nil:
		s.says = s.health(ctx, s.conns.given(s.trace.last.to))
	case s.unimplemented() && s.trace.last.to != nil:
		for range len(s.conns.all) + 1 { // until it is the endpoint that has refused
			var got pb.StatusResponse
			var to peer.Peer
			if ask(ctx, pb.Maintenance_Status_FullMethodName, &pb.StatusRequest{}, &got, &to) != nil {
				return
			}
			if s.version = got.GetVersion(); to.Addr.String() == s.trace.last.to.String() {
				return
			}
		}
	}
}
