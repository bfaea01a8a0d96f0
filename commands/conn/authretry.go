package conn

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// How often in a row a stream is begun again for its token, and the first pause
// before that; each is twice as long as the one before.
const (
	tokenTries      = 7
	firstTokenPause = 10 * time.Millisecond
)

// tokens has streams begun again whose token their server does not know.
// clientv3 logs in for each stream, but a token is known to the member that
// gave it before it is to the others, which may be who gets the stream. clientv3
// then ends it for good; one that is unavailable it begins again, with another
// token.
type tokens struct {
	mu      sync.Mutex
	refused int // streams in a row
}

// stream implements grpc.StreamClientInterceptor.
func (t *tokens) stream(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, begin grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	s, err := begin(ctx, desc, cc, method, opts...)
	if err != nil || !desc.ClientStreams {
		return s, err
	}
	return &tokenStream{s, t, ctx}, nil
}

// again tells whether a refused stream should be begun again, and after what
// pause.
func (t *tokens) again() (time.Duration, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.refused++
	return firstTokenPause << (t.refused - 1), t.refused <= tokenTries
}

// taken forgets what was refused.
func (t *tokens) taken() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.refused = 0
}

// tokenStream is a watch, or what keeps leases alive.
type tokenStream struct {
	grpc.ClientStream
	tokens *tokens
	ctx    context.Context // of who wants the stream; the stream's own ends with it
}

// RecvMsg implements grpc.ClientStream.
func (s *tokenStream) RecvMsg(m any) error {
	err := s.ClientStream.RecvMsg(m)
	if !strange(err) && (err != nil || !strangeTo(m)) {
		if err == nil {
			s.tokens.taken()
		}
		return err
	}
	pause, again := s.tokens.again()
	if !again {
		return err
	}
	select {
	case <-s.ctx.Done():
		return err
	case <-time.After(pause):
		return status.Error(codes.Unavailable, "the token is not known yet")
	}
}

// strange tells whether a server has refused a stream because it does not know
// the token, or does not know yet of a change of users and roles before it.
func strange(err error) bool {
	err = rpctypes.Error(err)
	return errors.Is(err, rpctypes.ErrInvalidAuthToken) || errors.Is(err, rpctypes.ErrAuthOldRevision)
}

// strangeTo tells the same of a watch, which is refused in an answer.
func strangeTo(m any) bool {
	r, ok := m.(*pb.WatchResponse)
	return ok && r.GetCanceled() && slices.Contains([]string{
		rpctypes.ErrGRPCInvalidAuthToken.Error(), rpctypes.ErrGRPCAuthOldRevision.Error(),
	}, r.GetCancelReason())
}
