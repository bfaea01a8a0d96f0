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

// How often in a row a stream is restarted for its token, and the first pause
// before a restart. Each pause is twice as long as the one before.
const (
	tokenTries      = 7
	firstTokenPause = 10 * time.Millisecond
)

// tokens makes clientv3 restart streams whose token their server does not know.
// clientv3 logs in for each stream, but the member that issued a token knows it
// before the others do, and one of those may get the stream. clientv3 ends such
// a stream for good. It restarts a stream that is unavailable, with a new token.
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

// again reports whether a refused stream should be restarted, and after what
// pause.
func (t *tokens) again() (time.Duration, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.refused++
	return firstTokenPause << (t.refused - 1), t.refused <= tokenTries
}

// taken resets the count of refused streams.
func (t *tokens) taken() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.refused = 0
}

// tokenStream is a watch or a lease keep-alive stream.
type tokenStream struct {
	grpc.ClientStream
	tokens *tokens
	ctx    context.Context // of the caller; the stream's own ends when the stream does
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

// strange reports whether a server has refused a stream because it does not know
// the token, or does not know yet of an earlier change of users and roles.
func strange(err error) bool {
	err = rpctypes.Error(err)
	return errors.Is(err, rpctypes.ErrInvalidAuthToken) || errors.Is(err, rpctypes.ErrAuthOldRevision)
}

// strangeTo reports the same for a watch, which is refused in a response.
func strangeTo(m any) bool {
	r, ok := m.(*pb.WatchResponse)
	return ok && r.GetCanceled() && slices.Contains([]string{
		rpctypes.ErrGRPCInvalidAuthToken.Error(), rpctypes.ErrGRPCAuthOldRevision.Error(),
	}, r.GetCancelReason())
}
