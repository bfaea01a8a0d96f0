package fence

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/keyspace/fence/fencekey"
	"etcdkit/keyspace/retry"
)

// TTL is the time to live of the lease of a fence, in seconds.
const TTL = 60

const (
	// longestPlace is the longest key that a fence is named after: the name is
	// sent with each transaction.
	longestPlace = 1 << 10
	// mostPlaces is how many keys a fence is tried at before a run without the
	// permissions does without one.
	mostPlaces = 8
	// mostFences is how many fences may be lost in a row before a write fails,
	// and how many ids of a lease may be in use.
	mostFences = 5
)

// KV is a cluster that can be written to, such as a [clientv3.Client].
type KV interface {
	Do(ctx context.Context, op clientv3.Op) (clientv3.OpResponse, error)
}

// Leases are those of a cluster, such as a [Cluster].
type Leases interface {
	GrantID(ctx context.Context, id clientv3.LeaseID, ttl int64) (clientv3.LeaseID, error)
	KeepAliveOnce(ctx context.Context, id clientv3.LeaseID) (*clientv3.LeaseKeepAliveResponse, error)
	Revoke(ctx context.Context, id clientv3.LeaseID) (*clientv3.LeaseRevokeResponse, error)
}

// Fence carries out the writes of one run. The first write makes it; the caller
// closes it. It may be used from several goroutines; the exported fields are set
// before.
type Fence struct {
	KV     KV
	Leases Leases // nil: every write is sent once
	Retry  *retry.Retrier
	// Began is called with the lease of each fence before anything is written
	// under it; may be nil. Its error is returned by Write.
	Began func(clientv3.LeaseID) error

	making chan struct{} // full while a session is made; guards the fields below
	places int           // where there was no permission

	mu      sync.Mutex         // guards the fields below; never held during a request
	session *session           // nil before the first write, and after one was lost
	stale   []clientv3.LeaseID // of sessions that were lost
	free    []*lane
	made    int // lanes
}

// Result is the outcome of a transaction that was applied.
type Result struct {
	Responses []*pb.ResponseOp // one for each operation; nil if the answer was lost
	Revision  int64            // at which it was applied, or for one without a fence the cluster's
	Fenced    bool             // Revision is the transaction's own
	Cluster   uint64           // its id; of reads only
}

// Unknown is the error of a transaction of which it is not known whether it was
// applied.
type Unknown struct {
	Err error
	// Over means that the transaction can no longer be applied, so that the
	// caller may check which writes are missing and write those.
	Over  bool
	Since int64 // a revision before the transaction; 0 if none is known
}

func (u *Unknown) Error() string { return u.Err.Error() }

// Unwrap returns the cause.
func (u *Unknown) Unwrap() error { return u.Err }

var (
	errDenied  = errors.New("no permission for a fence")
	errExpired = errors.New("the fence of this run has expired: was the program suspended, or cut off?")
	errAnswer  = errors.New("the server's answer does not fit the request")
)

// session is a fence under one lease.
type session struct {
	lease clientv3.LeaseID
	name  string
	stop  func() // ends the renewals
}

// Write carries out ops in one transaction. The first key that the transaction
// is about names a fence, if none has been made yet. When ctx has ended, nothing
// is sent; when it ends later, a transaction that is on its way is still waited
// for.
func (f *Fence) Write(ctx context.Context, key []byte, ops ...clientv3.Op) (Result, error) {
	if ctx.Err() != nil {
		return Result{}, context.Cause(ctx)
	}
	l := f.take()
	defer f.putBack(l)
	for range mostFences {
		err := l.ready(ctx, key)
		if errors.Is(err, errDenied) {
			return f.Once(ctx, ops...)
		}
		if err != nil {
			return Result{}, err
		}
		result, err := l.write(ctx, ops)
		if !errors.Is(err, errExpired) {
			return result, err
		}
		f.lost(l.session)
		if unknown := (*Unknown)(nil); errors.As(err, &unknown) {
			return Result{}, err
		}
	}
	return Result{}, errExpired
}

// Once sends ops a single time, without a fence.
func (f *Fence) Once(ctx context.Context, ops ...clientv3.Op) (Result, error) {
	op := clientv3.OpTxn(nil, ops, nil)
	if len(ops) == 1 { // a transaction's frame could make the largest value too large
		op = ops[0]
	}
	resp, err := f.do(ctx, op)
	if err != nil {
		if f.Retry.Explain != nil {
			err = f.Retry.Explain(err)
		}
		if retry.Transient(err) {
			return Result{}, &Unknown{Err: err}
		}
		return Result{}, err
	}
	f.Retry.Succeeded()
	switch txn := resp.Txn(); {
	case txn == nil:
		r := single(resp)
		return r, doubt(verify(ops, r.Responses))
	case len(ops) == 1 && ops[0].IsTxn():
		inner := []*pb.ResponseOp{{Response: &pb.ResponseOp_ResponseTxn{ResponseTxn: (*pb.TxnResponse)(txn)}}}
		return Result{Responses: inner, Revision: txn.Header.GetRevision()}, doubt(verify(ops, inner))
	default:
		r, err := answered(ops, txn)
		return r, doubt(err)
	}
}

// doubt returns the error of an answer that cannot be believed.
func doubt(err error) error {
	if err == nil {
		return nil
	}
	return &Unknown{Err: err}
}

// Read carries out operations that write nothing, and sends them again until they
// are answered.
func (f *Fence) Read(ctx context.Context, ops ...clientv3.Op) (r Result, err error) {
	err = f.Retry.Do(ctx, func(ctx context.Context) error {
		resp, err := f.KV.Do(ctx, clientv3.OpTxn(nil, ops, nil))
		if err == nil {
			r, err = answered(ops, resp.Txn())
		}
		return err
	})
	return r, err
}

// answered returns the answer to a transaction of ops without a condition, or an
// error unless it fits.
func answered(ops []clientv3.Op, txn *clientv3.TxnResponse) (Result, error) {
	if txn == nil || !txn.Succeeded {
		return Result{}, errAnswer
	}
	r := Result{Responses: txn.Responses, Revision: txn.Header.GetRevision(), Cluster: txn.Header.GetClusterId()}
	return r, verify(ops, r.Responses)
}

// single returns the answer to a put or a delete as one of a transaction.
func single(resp clientv3.OpResponse) Result {
	if put := resp.Put(); put != nil {
		op := &pb.ResponseOp{Response: &pb.ResponseOp_ResponsePut{ResponsePut: (*pb.PutResponse)(put)}}
		return Result{Responses: []*pb.ResponseOp{op}, Revision: put.Header.GetRevision()}
	}
	if del := resp.Del(); del != nil {
		op := &pb.ResponseOp{Response: &pb.ResponseOp_ResponseDeleteRange{ResponseDeleteRange: (*pb.DeleteRangeResponse)(del)}}
		return Result{Responses: []*pb.ResponseOp{op}, Revision: del.Header.GetRevision()}
	}
	return Result{}
}

// do sends one request and waits for its answer for the time of one attempt,
// even if ctx ends.
func (f *Fence) do(ctx context.Context, op clientv3.Op) (clientv3.OpResponse, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), f.Retry.Timeout)
	defer cancel()
	return f.KV.Do(ctx, op)
}

// take returns a lane that is not in use.
func (f *Fence) take() *lane {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := len(f.free); n > 0 {
		l := f.free[n-1]
		f.free = f.free[:n-1]
		return l
	}
	f.made++
	return &lane{fence: f, number: f.made}
}

func (f *Fence) putBack(l *lane) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.free = append(f.free, l)
}

// enter puts the lane into the session, which it makes if there is none. Other
// callers wait meanwhile. A lost session is ended first, whatever its state.
func (f *Fence) enter(ctx context.Context, l *lane, key []byte) error {
	done, err := f.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	if s := f.current(); s != nil {
		l.join(s)
		return nil
	}
	if err := f.endStale(ctx); err != nil {
		return err
	}
	if f.Leases == nil || f.places == mostPlaces || len(key) == 0 || len(key) > longestPlace {
		return errDenied
	}
	lease, err := f.grant(ctx)
	if err != nil {
		return err
	}
	s := &session{lease: lease, name: fencekey.New(key)}
	l.join(s)
	if err := l.create(ctx); err != nil {
		f.revoke(ctx, lease)
		if errors.Is(err, rpctypes.ErrPermissionDenied) {
			f.places++
			return errDenied
		}
		return err
	}
	s.stop = f.keepAlive(ctx, lease)
	f.mu.Lock()
	f.session = s
	f.mu.Unlock()
	return nil
}

// begin waits until no other goroutine is making a session.
func (f *Fence) begin(ctx context.Context) (done func(), err error) {
	f.mu.Lock()
	if f.making == nil {
		f.making = make(chan struct{}, 1)
	}
	f.mu.Unlock()
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case f.making <- struct{}{}:
		return func() { <-f.making }, nil
	}
}

// endStale makes sure that the leases of sessions that were lost have ended.
func (f *Fence) endStale(ctx context.Context) error {
	f.mu.Lock()
	stale := f.stale
	f.mu.Unlock()
	for _, lease := range stale {
		if err := f.Remove(ctx, lease); err != nil {
			return err
		}
	}
	f.mu.Lock()
	f.stale = f.stale[len(stale):]
	f.mu.Unlock()
	return nil
}

func (f *Fence) current() *session {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.session
}

func (f *Fence) grant(ctx context.Context) (clientv3.LeaseID, error) {
	var id clientv3.LeaseID
	err := f.Retry.Do(ctx, func(ctx context.Context) (err error) {
		for range mostFences {
			id, err = f.Leases.GrantID(ctx, clientv3.LeaseID(fencekey.NewLease()), TTL)
			if !errors.Is(err, rpctypes.ErrLeaseExist) {
				break
			}
		}
		return err
	})
	switch {
	case errors.Is(err, rpctypes.ErrPermissionDenied):
		f.places = mostPlaces
		return 0, errDenied
	case err != nil:
		return 0, err
	case f.Began == nil:
		return id, nil
	}
	return id, f.Began(id)
}

// keepAlive renews a lease until stop is called. What fails is tried again: that
// the lease has ended shows in the next write.
func (f *Fence) keepAlive(ctx context.Context, lease clientv3.LeaseID) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var renewing sync.WaitGroup
	renewing.Go(func() {
		tick := time.NewTicker(TTL * time.Second / 6)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				try, cancel := context.WithTimeout(ctx, TTL*time.Second/6)
				_, err := f.Leases.KeepAliveOnce(try, lease)
				cancel()
				if errors.Is(err, rpctypes.ErrLeaseNotFound) {
					return
				}
			}
		}
	})
	return func() {
		cancel()
		renewing.Wait()
	}
}

// lost makes the next write make another session.
func (f *Fence) lost(s *session) {
	if f.leave(s) {
		s.stop()
	}
}

// leave reports whether s was the session, which it is no longer.
func (f *Fence) leave(s *session) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	was := s != nil && f.session == s
	if was {
		f.session = nil
		f.stale = append(f.stale, s.lease)
	}
	return was
}

// revokeTime bounds the end of a run whose cluster does not answer any more.
const revokeTime = 2 * time.Second

// Close deletes the fence, when nothing is under way any more. A later write makes
// another. If the cluster does not answer, the fence ends with its lease.
func (f *Fence) Close(ctx context.Context) {
	s := f.current()
	if !f.leave(s) {
		return
	}
	s.stop()
	if f.revoke(ctx, s.lease) {
		f.mu.Lock()
		f.stale = slices.DeleteFunc(f.stale, func(id clientv3.LeaseID) bool { return id == s.lease })
		f.mu.Unlock()
	}
}

// revoke reports whether the lease has ended.
func (f *Fence) revoke(ctx context.Context, lease clientv3.LeaseID) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), min(revokeTime, f.Retry.Timeout))
	defer cancel()
	_, err := f.Leases.Revoke(ctx, lease)
	return err == nil || errors.Is(err, rpctypes.ErrLeaseNotFound)
}

// Remove makes the fence of an earlier run fail whatever of that run is still
// under way, and returns once that is confirmed.
func (f *Fence) Remove(ctx context.Context, lease clientv3.LeaseID) error {
	err := f.Retry.Do(ctx, func(ctx context.Context) error {
		_, err := f.Leases.Revoke(ctx, lease)
		return err
	})
	if err != nil && !errors.Is(err, rpctypes.ErrLeaseNotFound) {
		return fmt.Errorf("end the fence of the earlier run (lease %016x): %w", lease, err)
	}
	return nil
}
