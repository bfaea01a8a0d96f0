package live

import (
	"context"
	"errors"
	"iter"
	"math"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"etcdkit/keyspace"
	"etcdkit/keyspace/retry"
)

// Source reads the keyspace of one cluster, as a [keyspace.Source].
type Source struct {
	Client       *clientv3.Client
	Timeout      time.Duration     // of each request, and of each part of a stream
	MaxRecvBytes int               // largest answer to accept; 0 means no limit
	Explain      func(error) error // adds the cause to the error of a request; may be nil

	// Retry repeats every request, including the first; it has its own Explain.
	// If it is nil, requests that fail after the first answer are retried for
	// twice Timeout.
	Retry *retry.Retrier

	// Single makes one request for each range, which is sent once.
	Single bool

	sizes sizes // zero: those of the package
}

// sizes are the sizes of single requests.
type sizes struct {
	firstKeys int64 // of the first plain request
	pageKeys  int64 // at most, of any request
	pageBytes int64 // aim, of a plain request
	holdBytes int64 // of a stream, held until its revision is needed
	recvBytes int   // at most, of an answer with more than one key
	underWay  int   // requests at a time
}

// Small values arrive in pages of 2 MiB. If values grow from one key to the
// next, an answer above recvBytes is refused before it is received, and
// requested again in parts.
const (
	firstKeys = 500
	pageKeys  = 25_000
	pageBytes = 2 << 20
	holdBytes = 128 << 10
	recvBytes = 24 << 20
	underWay  = 3
)

// Pages reads a range. The pages together equal the server's answer to a single
// request, and a small range is one page read by one request. The next page is
// read while the caller uses the last one.
func (r *Source) Pages(ctx context.Context, g keyspace.Range) iter.Seq2[*keyspace.Page, error] {
	return func(yield func(*keyspace.Page, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		s := r.scan(g)
		go s.run(ctx)
		defer func() {
			cancel()
			for range s.out { // until its goroutine has ended
			}
		}()
		for page := range s.out {
			if !yield(page, nil) {
				return
			}
		}
		if s.err != nil {
			yield(nil, s.err)
		}
	}
}

// Head asks for the cluster's revision. The compact revision is unknown: a server
// tells it only to a watch that begins before it.
func (r *Source) Head(ctx context.Context) (keyspace.Head, error) { return r.HeadBy(ctx, "\x00") }

// HeadBy is Head by way of a key, for users that may not read any other.
func (r *Source) HeadBy(ctx context.Context, key string) (keyspace.Head, error) {
	if key == "" {
		key = "\x00"
	}
	for page, err := range r.Pages(ctx, keyspace.Range{Key: key, CountOnly: true}) {
		if err != nil {
			return keyspace.Head{}, err
		}
		return page.Head, nil
	}
	return keyspace.Head{}, context.Cause(ctx)
}

// scan is the reading of one range.
type scan struct {
	*Source
	sizes
	keyspace.Range
	kv    pb.KVClient
	retry *retry.Retrier
	pace  *pace
	out   chan *keyspace.Page
	err   error // set when out is closed

	header   *pb.ResponseHeader // of the first answer
	pinned   int64              // the revision that all is read at, once it is known
	count    int64              // keys of the whole range, negative until it is known
	recent   []*mvccpb.KeyValue // handed out last
	last     []byte             // the last key handed out, nil before the first
	done     int64              // keys handed out
	repeated bool               // a request has failed
	tooSlow  bool               // the stream was, of which the server sets the parts
	held     held               // pages that are not handed out yet
	wide     bool               // the range was too large for one request
	one      bool               // the range was read by one request
}

func (r *Source) scan(g keyspace.Range) *scan {
	s := &scan{
		Source: r, sizes: r.sizes, Range: g,
		kv:     clientv3.RetryKVClient(r.Client),
		retry:  r.Retry,
		out:    make(chan *keyspace.Page),
		pinned: g.Rev, count: -1,
		held: held{active: g.Rev == 0 && r.Retry == nil && !g.AtOnce, begun: time.Now()},
	}
	if s.retry == nil {
		s.retry = &retry.Retrier{Timeout: r.Timeout, Patience: 2 * r.Timeout, Explain: r.Explain}
	}
	if s.sizes == (sizes{}) {
		s.sizes = sizes{firstKeys, pageKeys, pageBytes, holdBytes, recvBytes, underWay}
	}
	s.pace = newPace(r.Timeout, s.pageBytes)
	return s
}

// run reads the range into s.out.
func (s *scan) run(ctx context.Context) {
	defer close(s.out)
	err := s.read(ctx)
	for try := 1; try < tries && errors.Is(err, rpctypes.ErrCompacted) && s.restart(); try++ {
		err = s.again(ctx)
	}
	if err == nil {
		err = s.complete()
	}
	if held := s.release(ctx); err == nil {
		err = held
	}
	if err != nil && s.Explain != nil {
		err = s.Explain(err)
	}
	switch {
	case err == nil:
	case ctx.Err() != nil:
		s.err = context.Cause(ctx)
	case s.done > 0:
		s.err = &keyspace.Broken{Last: string(s.last), Rev: s.pinned, Err: err}
	default:
		s.err = err
	}
}

// hand gives a part to the caller, or holds it back.
func (s *scan) hand(ctx context.Context, kvs []*mvccpb.KeyValue, more bool) error {
	s.retry.Succeeded()
	if n := len(kvs); n > 0 {
		s.recent, s.last = kvs, kvs[n-1].GetKey()
		s.done += int64(n)
	}
	page := &keyspace.Page{Head: head(s.header), KVs: kvs, More: more, Count: max(0, s.count)}
	if !s.held.active {
		return s.pass(ctx, page)
	}
	s.held.add(page)
	if s.held.bytes <= wholeBytes && s.estimate() <= wholeBytes && time.Since(s.held.begun) < holdTime {
		return nil
	}
	return s.release(ctx)
}

// pass gives a page to the caller when that is ready for it.
func (s *scan) pass(ctx context.Context, page *keyspace.Page) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case s.out <- page:
		return nil
	}
}

// head is the part of a response's header that a read keeps.
func head(h *pb.ResponseHeader) keyspace.Head {
	return keyspace.Head{Revision: h.GetRevision(), ClusterID: h.GetClusterId(), MemberID: h.GetMemberId(), RaftTerm: h.GetRaftTerm()}
}

// beyond reports whether there are keys beyond the limit, when they are
// counted.
func (s *scan) beyond() bool { return s.Limit > 0 && s.count > s.Limit }

// next returns the first key that is not handed out yet.
func (s *scan) next() string {
	if s.last == nil {
		return s.Key
	}
	return after(s.last)
}

// after returns the key that follows another one.
func after(key []byte) string { return string(key) + "\x00" }

// left returns how many more keys are wanted, or n if that is less. Without a
// limit it is n; 0 means all.
func (s *scan) left(n int64) int64 {
	switch {
	case s.Limit == 0:
		return n
	case n == 0:
		return s.Limit - s.done
	}
	return min(n, s.Limit-s.done)
}

// request returns a request for a part of the range. After a failure any member
// that has the revision may answer: the keys at a revision do not change, so no
// leader is needed.
func (s *scan) request(key, end string, limit int64) *pb.RangeRequest {
	return &pb.RangeRequest{
		Key: []byte(key), RangeEnd: []byte(end), Limit: limit, Revision: s.pinned,
		KeysOnly: s.KeysOnly, Serializable: s.Serializable || s.repeated && s.header != nil,
	}
}

// accept is the largest answer to take of a request for so many keys. Like
// every request of clientv3's it waits for a connection, as long as its time
// allows: an error then says that its time is up, and the links say why.
func (s *scan) accept(limit int64) []grpc.CallOption {
	most := math.MaxInt32
	if s.MaxRecvBytes > 0 {
		most = s.MaxRecvBytes
	}
	if limit != 1 {
		most = min(most, s.recvBytes)
	}
	return callOptions(most)
}

func callOptions(recvBytes int) []grpc.CallOption {
	return []grpc.CallOption{grpc.WaitForReady(true), grpc.MaxCallRecvMsgSize(recvBytes)}
}

// ask makes one request.
func (s *scan) ask(ctx context.Context, r *pb.RangeRequest) (*pb.RangeResponse, error) {
	return s.askUpTo(ctx, r, s.accept(r.GetLimit()))
}

// askUpTo makes one request, whose answer may be as large as the options permit.
func (s *scan) askUpTo(ctx context.Context, r *pb.RangeRequest, opts []grpc.CallOption) (*pb.RangeResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	var begun metadata.MD // the first fields of an answer
	start := time.Now()
	resp, err := s.kv.Range(ctx, r, append(opts, grpc.Header(&begun))...)
	switch err = s.failure(ctx, err); {
	case err == nil:
		s.pace.came(size(resp.GetKvs()), time.Since(start))
		return resp, check(r, resp)
	case begun != nil && errors.Is(err, context.DeadlineExceeded):
		err = late{err}
	}
	return nil, err
}

// late is the error of a request that timed out after its answer had begun to
// arrive: a smaller answer would have been complete.
type late struct{ error }

func (l late) Unwrap() error { return l.error }

// tooMuch reports whether an answer was too large to receive, or to arrive in
// time.
func tooMuch(err error) bool { return retry.MessageTooLarge(err) || errors.As(err, &late{}) }

// failure converts an error of clientv3. A member that has not reached the
// revision of the first answer, which another member gave, is treated as
// unreachable.
func (s *scan) failure(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	err = clientv3.ContextError(ctx, err)
	if s.header != nil && errors.Is(err, rpctypes.ErrFutureRev) {
		return status.Error(codes.Unavailable, err.Error())
	}
	return err
}

// size returns the bytes of keys and values.
func size(kvs []*mvccpb.KeyValue) (n int64) {
	for _, kv := range kvs {
		n += int64(len(kv.GetKey()) + len(kv.GetValue()))
	}
	return n
}
