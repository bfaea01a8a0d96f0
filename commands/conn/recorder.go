package conn

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"etcdkit/commands/cli"
)

// errCaught is the error of a request that was caught.
var errCaught = errors.New("the request was shown and not made")

// Recorder catches requests instead of sending them, and shows each as the line
// of curl that makes it over etcd's JSON gateway. It may be used from several
// goroutines.
type Recorder struct {
	methods []string
	stop    func(error)
	line    curl     // set by the dialer
	order   []string // endpoints

	caught atomic.Bool
	mu     sync.Mutex
	lines  []caughtLine
	err    error // why one could not be shown
}

type caughtLine struct{ endpoint, text string }

// Record makes the dialers created from now on catch requests of the given
// methods (with gRPC names), and refuse any other: the command would need its
// answer first. No connection is made, and no user is logged in. When a stream
// has been caught, stop is called, as no answer ever arrives on it.
func (f *Flags) Record(stop func(error), methods ...string) *Recorder {
	f.recorder = &Recorder{methods: methods, stop: stop}
	return f.recorder
}

// Caught reports whether a request has been caught.
func (r *Recorder) Caught() bool { return r.caught.Load() }

// Lines returns the lines of curl in the order of the endpoints that they are
// for. The first gets a token, where the flags name a user.
func (r *Recorder) Lines() ([]string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil || len(r.lines) == 0 {
		return nil, r.err
	}
	slices.SortStableFunc(r.lines, func(a, b caughtLine) int {
		return cmp.Compare(slices.Index(r.order, a.endpoint), slices.Index(r.order, b.endpoint))
	})
	lines := make([]string, len(r.lines))
	for i, l := range r.lines {
		lines[i] = l.text
	}
	if r.line.user == "" {
		return lines, nil
	}
	login, err := r.line.login(r.lines[0].endpoint)
	if err != nil {
		return nil, err
	}
	if len(lines) > 1 { // all of them wait for the login, and none for another
		login += " {"
		lines = append(lines, "}")
	}
	return append([]string{login}, lines...), nil
}

// catch takes a request for an endpoint. Its error is never nil.
func (r *Recorder) catch(ctx context.Context, endpoint, method string, req any) error {
	text, err := r.show(ctx, endpoint, method, req)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.err = cmp.Or(r.err, err)
		return err
	}
	r.lines = append(r.lines, caughtLine{endpoint, text})
	r.caught.Store(true)
	return errCaught
}

func (r *Recorder) show(ctx context.Context, endpoint, method string, req any) (string, error) {
	message, ok := req.(proto.Message)
	if !ok || gatewayPath(method) == "" {
		return "", fmt.Errorf("etcd's gateway does not serve %s", path.Base(method))
	}
	md, _ := metadata.FromOutgoingContext(ctx)
	return r.line.request(endpoint, method, message, md)
}

// admit returns an error for a request that is not to be caught.
func (r *Recorder) admit(method string) error {
	if slices.Contains(r.methods, method) {
		return nil
	}
	return cli.Exit(cli.BadArgs, fmt.Errorf("nothing is sent with --curl, and this needs the answer to %s first", path.Base(method)))
}

// tap catches the requests of one client.
type tap struct {
	*Recorder
	endpoint string
}

// unary implements grpc.UnaryClientInterceptor.
func (t tap) unary(ctx context.Context, method string, req, _ any, _ *grpc.ClientConn, _ grpc.UnaryInvoker, _ ...grpc.CallOption) error {
	if err := t.admit(method); err != nil {
		return err
	}
	return t.catch(ctx, t.endpoint, method, req)
}

// stream implements grpc.StreamClientInterceptor.
func (t tap) stream(ctx context.Context, _ *grpc.StreamDesc, _ *grpc.ClientConn, method string, _ grpc.Streamer, _ ...grpc.CallOption) (grpc.ClientStream, error) {
	if err := t.admit(method); err != nil {
		return nil, err
	}
	return &caughtStream{tap: t, ctx: ctx, method: method}, nil
}

// caughtStream is a stream that goes nowhere.
type caughtStream struct {
	tap
	ctx    context.Context // the method of a stream
	method string
}

func (s *caughtStream) SendMsg(m any) error {
	err := s.catch(s.ctx, s.endpoint, s.method, m)
	s.stop(err)
	return err
}

// RecvMsg waits for the end of the stream: there is no answer.
func (s *caughtStream) RecvMsg(any) error {
	<-s.ctx.Done()
	return s.ctx.Err()
}

func (s *caughtStream) Context() context.Context   { return s.ctx }
func (*caughtStream) Header() (metadata.MD, error) { return nil, nil }
func (*caughtStream) Trailer() metadata.MD         { return nil }
func (*caughtStream) CloseSend() error             { return nil }
