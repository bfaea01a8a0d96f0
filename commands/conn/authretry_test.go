package conn

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"etcdkit/commands/conn/conntest"
)

// forgetful is an etcd that refuses the first streams for an error.
type forgetful struct {
	etcdserverpb.UnimplementedWatchServer
	etcdserverpb.UnimplementedLeaseServer
	fake
	refusals atomic.Int32 // still to come
	because  error
	streams  atomic.Int32
}

func (f *forgetful) refuses() bool {
	f.streams.Add(1)
	return f.refusals.Add(-1) >= 0
}

func (f *forgetful) Watch(s grpc.BidiStreamingServer[etcdserverpb.WatchRequest, etcdserverpb.WatchResponse]) error {
	if _, err := s.Recv(); err != nil {
		return err
	}
	header := &etcdserverpb.ResponseHeader{Revision: 7}
	if f.refuses() {
		return s.Send(&etcdserverpb.WatchResponse{Header: header, Created: true, Canceled: true, WatchId: -1, CancelReason: f.because.Error()})
	}
	if err := s.Send(&etcdserverpb.WatchResponse{Header: header, Created: true}); err != nil {
		return err
	}
	<-s.Context().Done()
	return nil
}

func (f *forgetful) LeaseKeepAlive(s grpc.BidiStreamingServer[etcdserverpb.LeaseKeepAliveRequest, etcdserverpb.LeaseKeepAliveResponse]) error {
	r, err := s.Recv()
	if err != nil {
		return err
	}
	if f.refuses() {
		return f.because
	}
	if md, _ := metadata.FromIncomingContext(s.Context()); len(md.Get(rpctypes.TokenFieldNameGRPC)) == 0 {
		return errors.New("no token")
	}
	return s.Send(&etcdserverpb.LeaseKeepAliveResponse{ID: r.ID, TTL: 10})
}

// forget serves a forgetful etcd and returns a client of it that has logged in.
func forget(t *testing.T, refusals int32, because error) (*forgetful, *Client) {
	t.Helper()
	var loopback conntest.Network
	l, s, f := loopback.Listen(t, "a:1"), grpc.NewServer(), &forgetful{because: because}
	f.answer = happy
	f.refusals.Store(refusals)
	etcdserverpb.RegisterWatchServer(s, f)
	etcdserverpb.RegisterLeaseServer(s, f)
	etcdserverpb.RegisterAuthServer(s, &f.fake)
	go s.Serve(l)
	t.Cleanup(s.Stop)
	c, err := dialerOn(t, &loopback, "--endpoints", "a:1", "--user", "u:p", "--dial-timeout", "1h").Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return f, c
}

func TestStreamsWithNewTokens(t *testing.T) {
	t.Parallel()
	for _, because := range []error{rpctypes.ErrGRPCInvalidAuthToken, rpctypes.ErrGRPCAuthOldRevision} {
		f, c := forget(t, 3, because)
		ctx, cancel := context.WithCancel(t.Context())
		if r := <-c.Watch(ctx, "k", clientv3.WithCreatedNotify()); !r.Created || r.Err() != nil || f.streams.Load() != 4 {
			t.Errorf("%v: a watch: %+v after %d streams", because, r, f.streams.Load())
		}
		cancel()
		synctest.Test(t, func(t *testing.T) {
			f, c := forget(t, 3, because)
			if r, err := c.KeepAliveOnce(t.Context(), 5); err != nil || r.TTL != 10 || f.streams.Load() != 4 {
				t.Errorf("%v: a lease: %v, %v after %d streams", because, r, err, f.streams.Load())
			}
		})
	}
}

func TestStreamsThatStayRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, c := forget(t, 1000, rpctypes.ErrGRPCInvalidAuthToken)
		if _, err := c.KeepAliveOnce(t.Context(), 5); !errors.Is(err, rpctypes.ErrInvalidAuthToken) || f.streams.Load() != tokenTries+1 {
			t.Errorf("%v after %d streams", err, f.streams.Load())
		}
		f, c = forget(t, 1000, rpctypes.ErrGRPCPermissionDenied)
		if _, err := c.KeepAliveOnce(t.Context(), 5); !errors.Is(err, rpctypes.ErrPermissionDenied) || f.streams.Load() != 1 {
			t.Errorf("another refusal: %v after %d streams", err, f.streams.Load())
		}
	})
}
