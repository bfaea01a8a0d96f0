package scan

import (
	"context"
	"errors"
	"fmt"
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

	"etcdkit/keyspace/retry"
)

// Range says what to read.
type Range struct {
	Key, End     string // as the API spells them; End is not among the keys
	Rev          int64  // 0: as it is when it is first asked for
	Limit        int64  // at most this many keys; 0 is all
	KeysOnly     bool
	Serializable bool // the first answer need not be the quorum's
}

// Reader reads ranges of one cluster. It may be used from several goroutines.
type Reader struct {
	Client       *clientv3.Client
	Timeout      time.Duration     // of each request, and of each part of a stream
	MaxRecvBytes int               // largest answer to accept; 0 is no limit
	Explain      func(error) error // adds the cause to the error of a request; may be nil
	Retry        *retry.Retrier    // how every request is made again, the first as well, with its own Explain; may be nil

	sizes sizes // zero: those of the package
}

// sizes are the measures of what is asked for at a time.
type sizes struct {
	firstKeys int64 // of the first plain request
	pageKeys  int64 // at most, of any request
	pageBytes int64 // aim, of a plain request
	holdBytes int64 // of a stream, held until its revision is needed
	recvBytes int   // at most, of an answer with more than one key
	underWay  int   // requests at a time
}

// Small values come in pages of 2 MiB. Where they grow from one key to the next,
// an answer above recvBytes is refused before it is received, and asked for
// again in parts.
const (
	firstKeys = 500
	pageKeys  = 25_000
	pageBytes = 2 << 20
	holdBytes = 128 << 10
	recvBytes = 24 << 20
	underWay  = 3
)

// Broken is the error of a read that ended after a part of the range had been
// handed out, all of it up to and with the key Last, as of revision Rev.
type Broken struct {
	Last string
	Rev  int64
	Err  error
}

func (b *Broken) Error() string {
	return fmt.Sprintf("%v; all is there up to the key %q at revision %d", b.Err, b.Last, b.Rev)
}

func (b *Broken) Unwrap() error { return b.Err }

// Pages reads a range and returns its parts in order; together they are what
// the server would have answered to one request for it. Each has the header of
// that answer; Count and More are right in the last one. There is at least one,
// and the only one of a small range came in one request.
//
// Parts are the caller's to keep. The next one is read while the caller has the
// last. An error is the last thing that comes, [Broken] where it is not the
// first as well. What fails for want of a connection or a leader is asked for
// again, at the same revision, for twice the timeout or as the Retry has it.
func (r *Reader) Pages(ctx context.Context, g Range) iter.Seq2[*pb.RangeResponse, error] {
	return func(yield func(*pb.RangeResponse, error) bool) {
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

// scan is the reading of one range.
type scan struct {
	*Reader
	sizes
	Range
	kv    pb.KVClient
	retry *retry.Retrier
	pace  *pace
	out   chan *pb.RangeResponse
	err   error // set when out is closed

	header   *pb.ResponseHeader // of the first answer
	pinned   int64              // the revision that all is read at, once it is known
	count    int64              // keys of the whole range, negative until it is known
	recent   []*mvccpb.KeyValue // handed out last
	last     []byte             // the last key handed out, nil before the first
	done     int64              // keys handed out
	repeated bool               // a request has failed
	tooSlow  bool               // the stream was, of which the server sets the parts
}

func (r *Reader) scan(g Range) *scan {
	s := &scan{
		Reader: r, sizes: r.sizes, Range: g,
		kv:     clientv3.RetryKVClient(r.Client),
		retry:  r.Retry,
		out:    make(chan *pb.RangeResponse),
		pinned: g.Rev, count: -1,
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
	if err != nil && s.Explain != nil {
		err = s.Explain(err)
	}
	switch {
	case err == nil:
	case ctx.Err() != nil:
		s.err = context.Cause(ctx)
	case s.done > 0:
		s.err = &Broken{Last: string(s.last), Rev: s.pinned, Err: err}
	default:
		s.err = err
	}
}

// hand gives a part to the caller, when that is ready for it.
func (s *scan) hand(ctx context.Context, kvs []*mvccpb.KeyValue, more bool) error {
	s.retry.Succeeded()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case s.out <- &pb.RangeResponse{Header: s.header, Kvs: kvs, More: more, Count: max(0, s.count)}:
	}
	if n := len(kvs); n > 0 {
		s.recent, s.last = kvs, kvs[n-1].GetKey()
		s.done += int64(n)
	}
	return nil
}

// beyond tells whether there are keys beyond the limit, when they are counted.
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

// left returns how many more keys are wanted, or n where that is less. Without
// a limit it is n, of which 0 means all.
func (s *scan) left(n int64) int64 {
	switch {
	case s.Limit == 0:
		return n
	case n == 0:
		return s.Limit - s.done
	}
	return min(n, s.Limit-s.done)
}

// request is one for a part of the range. After a failure any member that has
// the revision may answer: what it holds does not change, so no leader is
// needed.
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
	return []grpc.CallOption{grpc.WaitForReady(true), grpc.MaxCallRecvMsgSize(most)}
}

// ask makes one request.
func (s *scan) ask(ctx context.Context, r *pb.RangeRequest) (*pb.RangeResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	var begun metadata.MD // what an answer begins with
	start := time.Now()
	resp, err := s.kv.Range(ctx, r, append(s.accept(r.GetLimit()), grpc.Header(&begun))...)
	if err = s.failure(ctx, err); err == nil {
		s.pace.came(size(resp.GetKvs()), time.Since(start))
	} else if begun != nil && errors.Is(err, context.DeadlineExceeded) {
		err = late{err}
	}
	return resp, err
}

// late is the error of a request whose time was up when its answer had begun to
// come: a smaller answer would have been there.
type late struct{ error }

func (l late) Unwrap() error { return l.error }

// tooMuch tells whether an answer was too large to take, or to come in time.
func tooMuch(err error) bool { return retry.MessageTooLarge(err) || errors.As(err, &late{}) }

// failure is the error of a request as clientv3 has it. A member that is behind
// the revision of the first answer, which another one gave, is as good as
// absent.
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
