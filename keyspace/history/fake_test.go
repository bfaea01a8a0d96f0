package history

import (
	"context"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// fake is a member that reads its history for the watches that are behind, for all of them at a time, and then rests.
type fake struct {
	pb.UnimplementedWatchServer
	pb.UnimplementedMaintenanceServer
	batch    int                              // revisions of a response
	tells    bool                             // answers when it is asked for progress and has caught up
	guesses  bool                             // answers at once, as releases before 3.5.8 do
	deaf     bool                             // does not cancel
	behind   int64                            // revisions it does not have yet
	stored   int64                            // bytes of its database; 0: it does not say
	breaks   func(sent int) *pb.WatchResponse // what to send in place of the nth response, from 1; nil for the response
	dies     int                              // the response in place of which the stream ends; 0: none
	mu       sync.Mutex
	rev      int64
	events   []*mvccpb.Event // in order
	sent     int
	requests []*pb.WatchCreateRequest
	watches  map[*fakeWatch]bool
}

// fakeWatch is one watch of a fake, on a stream of its own.
type fakeWatch struct {
	next   int64
	filter bool
	out    chan *pb.WatchResponse
}

// newFake returns a member with a history of so many revisions, of which a share has events of the keys that are watched.
func newFake(seed uint64, revs int64, share float64) *fake {
	random := rand.New(rand.NewPCG(seed, 5))
	f := &fake{batch: batchRevisions, tells: true, rev: revs + 1, watches: map[*fakeWatch]bool{}}
	for rev := int64(2); rev <= f.rev; rev++ {
		if random.Float64() >= share {
			continue
		}
		for range 1 + random.IntN(3) {
			f.events = append(f.events, &mvccpb.Event{Kv: &mvccpb.KeyValue{Key: []byte{byte(random.IntN(256))}, Value: []byte("value"), ModRevision: rev}})
		}
	}
	return f
}

// since are the events from a revision on.
func (f *fake) since(rev int64) []*mvccpb.Event {
	i, _ := slices.BinarySearchFunc(f.events, rev, func(e *mvccpb.Event, rev int64) int { return int(e.Kv.ModRevision - rev) })
	return f.events[i:]
}

func (f *fake) header() *pb.ResponseHeader {
	return &pb.ResponseHeader{ClusterId: 1, MemberId: 2, Revision: f.rev - f.behind, RaftTerm: 3}
}

// round sends a response to each watch that is behind.
func (f *fake) round() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for w := range f.watches {
		events := f.since(w.next)
		if w.next > f.rev || len(events) == 0 {
			w.next = f.rev + 1
			continue
		}
		n, _ := upTo(events, f.batch)
		w.next = events[n-1].Kv.ModRevision + 1
		if n == len(events) {
			w.next = f.rev + 1
		}
		if w.filter {
			continue
		}
		f.sent++
		resp := &pb.WatchResponse{Header: f.header(), Events: events[:n]}
		if f.breaks != nil {
			if other := f.breaks(f.sent); other != nil {
				resp = other
			}
		}
		if f.sent == f.dies {
			resp = nil
		}
		w.out <- resp
	}
}

func (f *fake) Watch(s pb.Watch_WatchServer) error {
	first, err := s.Recv()
	if err != nil {
		return err
	}
	r := first.GetCreateRequest()
	w := &fakeWatch{next: r.GetStartRevision(), filter: len(r.GetFilters()) == 2, out: make(chan *pb.WatchResponse, 1000)}
	f.mu.Lock()
	w.out <- &pb.WatchResponse{Header: f.header(), Created: true}
	f.requests = append(f.requests, r)
	f.watches[w] = true
	f.mu.Unlock()
	go f.control(s, w)
	defer f.forget(w)
	for {
		select {
		case <-s.Context().Done():
			return s.Context().Err()
		case resp := <-w.out:
			if resp == nil {
				return status.Error(codes.Unavailable, "gone")
			}
			if err := s.Send(resp); err != nil {
				return err
			}
		}
	}
}

// Status tells how much is stored.
func (f *fake) Status(ctx context.Context, r *pb.StatusRequest) (*pb.StatusResponse, error) {
	if f.stored == 0 {
		return f.UnimplementedMaintenanceServer.Status(ctx, r)
	}
	return &pb.StatusResponse{Header: f.header(), DbSizeInUse: f.stored}, nil
}

func (f *fake) forget(w *fakeWatch) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.watches, w)
}

// control answers what else is asked on the stream of a watch.
func (f *fake) control(s pb.Watch_WatchServer, w *fakeWatch) {
	for {
		r, err := s.Recv()
		if err != nil {
			return
		}
		f.mu.Lock()
		switch caught := w.next > f.rev; {
		case r.GetProgressRequest() != nil && (f.tells && caught || f.guesses):
			w.out <- &pb.WatchResponse{Header: f.header(), WatchId: -1}
		case r.GetCancelRequest() != nil && !f.deaf:
			delete(f.watches, w)
			w.out <- &pb.WatchResponse{Header: f.header(), Canceled: true}
		}
		f.mu.Unlock()
	}
}

// reader serves f until the test ends and returns a reader of it.
func (f *fake) reader(t testing.TB, more ...string) *Reader {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s, ended := grpc.NewServer(), make(chan struct{})
	pb.RegisterWatchServer(s, f)
	pb.RegisterMaintenanceServer(s, f)
	go func() {
		defer close(ended)
		_ = s.Serve(l) // returns when the server is stopped
	}()
	stop := make(chan struct{})
	go func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				f.round()
			}
		}
	}()
	t.Cleanup(func() { close(stop); s.Stop(); <-ended })
	c, err := clientv3.New(clientv3.Config{
		Endpoints: append(more, l.Addr().String()), Logger: zap.NewNop(), Context: context.WithoutCancel(t.Context()),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return &Reader{Client: c, limits: limits{first: 3, most: 6, bytes: 1 << 20, patience: 10 * time.Second}}
}
