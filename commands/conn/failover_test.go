package conn

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"etcdkit/internal/netname"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
)

// cluster answers the requests of a wire in place of grpc: one member after the
// other, as round robin does.
type cluster struct {
	wire    *wire
	members []func() error // the answer of each
	next    int
	asked   []int // members
	led     int   // requests that said that they need a leader
}

func newCluster(members ...func() error) *cluster {
	names := []string{"a:1", "b:1", "c:1"}[:len(members)]
	c := &cluster{wire: &wire{conns: newConnections(names)}, members: members}
	for i, k := range c.wire.conns.all {
		k.remote, k.stage = names[i], ready
	}
	return c
}

func (c *cluster) invoke(ctx context.Context, _ string, _, _ any, _ *grpc.ClientConn, opts ...grpc.CallOption) error {
	if ctx.Err() != nil {
		return status.FromContextError(ctx.Err()).Err()
	}
	if md, _ := metadata.FromOutgoingContext(ctx); len(md.Get(rpctypes.MetadataRequireLeaderKey)) > 0 {
		c.led++
	}
	i := c.next % len(c.members)
	c.next++
	c.asked = append(c.asked, i)
	for _, o := range opts {
		if p, ok := o.(grpc.PeerCallOption); ok {
			*p.PeerAddr = peer.Peer{Addr: netname.Name(c.wire.conns.all[i].remote)}
		}
	}
	return c.members[i]()
}

func (c *cluster) do(ctx context.Context, method string, req any) error {
	return c.wire.unary(ctx, method, req, nil, nil, c.invoke)
}

func answers(err error) func() error { return func() error { return err } }

// A learner refuses before it does anything, so the next endpoint is asked, for
// writes as for reads. Upstream's client fails every other request.
func TestLearnerAmongTheEndpoints(t *testing.T) {
	t.Parallel()
	learner := answers(rpctypes.ErrGRPCNotSupportedForLearner)
	for method, req := range map[string]any{
		pb.KV_Put_FullMethodName:                   &pb.PutRequest{Key: []byte("k")},
		pb.KV_Range_FullMethodName:                 &pb.RangeRequest{Key: []byte("k")},
		pb.Auth_AuthEnable_FullMethodName:          &pb.AuthEnableRequest{},
		pb.Auth_Authenticate_FullMethodName:        &pb.AuthenticateRequest{},
		pb.Cluster_MemberPromote_FullMethodName:    &pb.MemberPromoteRequest{},
		pb.Maintenance_Downgrade_FullMethodName:    &pb.DowngradeRequest{},
		pb.Lease_LeaseRevoke_FullMethodName:        &pb.LeaseRevokeRequest{},
		"/etcdserverpb.Some/MethodOfALaterRelease": nil,
	} {
		synctest.Test(t, func(t *testing.T) {
			c := newCluster(learner, answers(nil), learner)
			for range 200 {
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				if err := c.do(ctx, method, req); err != nil {
					t.Fatalf("%s: %v", method, err)
				}
			}
		})
	}
}

// If only learners can answer, waiting does not help.
func TestOnlyLearners(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		learner := answers(rpctypes.ErrGRPCNotSupportedForLearner)
		c := newCluster(learner, answers(nil), learner)
		dead := c.wire.conns.all[1]
		dead.stage, dead.err = idle, errors.New("connection refused")
		c.members[1] = learner // round robin omits endpoints that are not connected
		begun := time.Now()
		err := c.do(t.Context(), pb.KV_Put_FullMethodName, &pb.PutRequest{})
		if !errors.Is(err, rpctypes.Error(rpctypes.ErrGRPCNotSupportedForLearner)) || !strings.HasSuffix(err.Error(), "name a voting member in --endpoints") {
			t.Errorf("%v", err)
		}
		if time.Since(begun) > time.Second {
			t.Errorf("after %v", time.Since(begun))
		}
	})
}

// A member without a leader refuses requests that need one before it proposes
// them, and the next one is asked.
func TestNoLeaderAtTheFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, req := range []any{&pb.PutRequest{}, &pb.RangeRequest{}, &pb.TxnRequest{Success: []*pb.RequestOp{{Request: &pb.RequestOp_RequestPut{}}}}} {
			c := newCluster(answers(rpctypes.ErrGRPCNoLeader), answers(nil))
			if err := c.do(t.Context(), pb.KV_Put_FullMethodName, req); err != nil || len(c.asked) != 2 || c.led != 2 {
				t.Errorf("%T: %v, asked %v, %d of them for a leader", req, err, c.asked, c.led)
			}
		}
	})
}

// A request that a member answers locally does not require a leader.
func TestRequestsWithoutALeader(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for method, req := range map[string]any{
			pb.KV_Range_FullMethodName:               &pb.RangeRequest{Serializable: true},
			pb.Cluster_MemberList_FullMethodName:     &pb.MemberListRequest{},
			pb.Maintenance_Status_FullMethodName:     &pb.StatusRequest{},
			pb.Maintenance_HashKV_FullMethodName:     &pb.HashKVRequest{},
			pb.Maintenance_Defragment_FullMethodName: &pb.DefragmentRequest{},
		} {
			c := newCluster(answers(nil))
			if err := c.do(t.Context(), method, req); err != nil || c.led > 0 {
				t.Errorf("%s: %v, asked for a leader %d times", method, err, c.led)
			}
		}
	})
}

// A leader may be elected within the time of the request; if none is, the write
// has certainly not happened.
func TestLeaderComesOrNot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		c := newCluster(func() error {
			if time.Since(begun) < 2*time.Second {
				return rpctypes.ErrGRPCNoLeader
			}
			return nil
		})
		if err := c.do(t.Context(), pb.KV_Put_FullMethodName, &pb.PutRequest{}); err != nil {
			t.Error(err)
		}
		c = newCluster(answers(rpctypes.ErrGRPCNoLeader), answers(rpctypes.ErrGRPCNoLeader))
		ctx, cancel := context.WithTimeout(t.Context(), 1950*time.Millisecond)
		defer cancel()
		err := c.do(ctx, pb.KV_Put_FullMethodName, &pb.PutRequest{})
		if got := errorText(err); !strings.HasSuffix(got, " has no leader: "+tooFew+": context deadline exceeded") || !errors.Is(err, context.DeadlineExceeded) {
			t.Error(got)
		}
		if n := len(c.asked); n > 30 {
			t.Errorf("asked %d times", n)
		}
	})
}

// Nothing else about a write is sent again: it may have been carried out.
func TestWritesAreSentOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, err := range []error{rpctypes.ErrGRPCTimeout, rpctypes.ErrGRPCTimeoutDueToLeaderFail, rpctypes.ErrGRPCLeaderChanged, status.Error(codes.Unavailable, "gone")} {
			c := newCluster(answers(err), answers(nil))
			if got := c.do(t.Context(), pb.KV_Put_FullMethodName, &pb.PutRequest{}); got == nil || len(c.asked) != 1 {
				t.Errorf("%v: %v, asked %v", err, got, c.asked)
			}
		}
	})
}

// Each request has its own trace: with several in flight, none is explained by
// the failures of another.
func TestTracesDoNotMix(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newCluster(answers(nil)).wire
		hang := func(ctx context.Context, _ string, _, _ any, _ *grpc.ClientConn, opts ...grpc.CallOption) error {
			for _, o := range opts {
				if p, ok := o.(grpc.PeerCallOption); ok {
					*p.PeerAddr = peer.Peer{Addr: net.Addr(netname.Name("a:1"))}
				}
			}
			<-ctx.Done()
			return status.FromContextError(ctx.Err()).Err()
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		slow := make(chan error, 1)
		go func() { slow <- w.unary(ctx, pb.KV_Put_FullMethodName, &pb.PutRequest{}, nil, nil, hang) }()
		time.Sleep(time.Second)
		refusal := func(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error {
			return rpctypes.ErrGRPCNoSpace
		}
		err := w.unary(ctx, pb.KV_Range_FullMethodName, &pb.RangeRequest{}, nil, nil, refusal)
		if got := errorText(err); got != "etcdserver: mvcc: database space exceeded: the quota is used up; compaction, then defrag, then alarm disarm make room" {
			t.Error(got)
		}
		if got := errorText(<-slow); got != "no answer from a:1; the write may have happened: context deadline exceeded" {
			t.Error(got)
		}
	})
}

// clientv3 returns an explained error unchanged.
func TestFailurePassesThroughTheClient(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range []error{rpctypes.Error(rpctypes.ErrGRPCNoSpace), context.DeadlineExceeded, errUnreachable, errUnsent, status.Error(codes.Unavailable, "gone")} {
		f := &Failure{err: err, cause: "because"}
		if got := clientv3.ContextError(ctx, f); got != error(f) { //nolint:errorlint // the very same error
			t.Errorf("%v became %v", f, got)
		}
	}
}
