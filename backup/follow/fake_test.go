package follow_test

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"sync"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc"

	"etcdkit/backup/follow"
)

// fake is a cluster whose watches break, split and lag as a test wants.
type fake struct {
	mu      sync.Mutex
	id      uint64
	history [][]*mvccpb.Event // by revision; 0 and 1 have none
	compact int64
	leases  map[int64]int64
	changed chan struct{} // closed at each change

	random *rand.Rand
	broken int // one of so many responses breaks the watch; 0 never
	split  int // a response has at most so many events; 0 is no limit
	down   bool
	hashes int // so many of two requests for a hash are answered
}

func newFake(seed uint64) *fake {
	return &fake{id: 7, history: make([][]*mvccpb.Event, 2), compact: -1, leases: map[int64]int64{}, changed: make(chan struct{}), hashes: 1, random: rand.New(rand.NewPCG(seed, 1))} //nolint:gosec // a test
}

// write adds a revision of n events.
func (f *fake) write(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	rev := int64(len(f.history))
	var events []*mvccpb.Event
	for i := range n {
		kv := &mvccpb.KeyValue{Key: fmt.Appendf(nil, "k%d", i), ModRevision: rev}
		e := &mvccpb.Event{Type: mvccpb.Event_DELETE, Kv: kv}
		if f.random.IntN(3) > 0 {
			e.Type = mvccpb.Event_PUT
			kv.CreateRevision, kv.Version, kv.Value = rev, 1, fmt.Appendf(nil, "value %d %d", rev, f.random.IntN(1000))
		}
		events = append(events, e)
	}
	f.history = append(f.history, events)
	f.change()
}

func (f *fake) change() {
	close(f.changed)
	f.changed = make(chan struct{})
}

func (f *fake) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
	f.change()
}

func (f *fake) revision() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return int64(len(f.history)) - 1
}

func (f *fake) header() *pb.ResponseHeader {
	return &pb.ResponseHeader{ClusterId: f.id, MemberId: 1, Revision: int64(len(f.history)) - 1}
}

func (f *fake) dial(_ context.Context, endpoint string) (*follow.Server, error) {
	return &follow.Server{
		Endpoint: endpoint, Watch: fakeWatch{f}, KV: fakeKV{f: f}, Lease: fakeLease{f: f}, Maintenance: fakeMaintenance{f: f},
		Close: func() error { return nil },
	}, nil
}

var errDown = errors.New("the member is down")

type fakeKV struct {
	pb.KVClient
	f *fake
}

func (k fakeKV) Range(_ context.Context, r *pb.RangeRequest, _ ...grpc.CallOption) (*pb.RangeResponse, error) {
	k.f.mu.Lock()
	defer k.f.mu.Unlock()
	switch {
	case k.f.down:
		return nil, errDown
	case r.Revision > 0 && r.Revision < k.f.compact:
		return nil, rpctypes.ErrGRPCCompacted
	}
	return &pb.RangeResponse{Header: k.f.header()}, nil
}

type fakeMaintenance struct {
	pb.MaintenanceClient
	f *fake
}

func (m fakeMaintenance) HashKV(_ context.Context, r *pb.HashKVRequest, _ ...grpc.CallOption) (*pb.HashKVResponse, error) {
	m.f.mu.Lock()
	defer m.f.mu.Unlock()
	if m.f.random.IntN(2) >= m.f.hashes || m.f.down || r.Revision >= int64(len(m.f.history)) {
		return nil, errors.New("no hash")
	}
	h := fnv.New32()
	for _, events := range m.f.history[:r.Revision+1] {
		fmt.Fprint(h, events)
	}
	return &pb.HashKVResponse{Header: m.f.header(), Hash: h.Sum32(), CompactRevision: m.f.compact}, nil
}

type fakeLease struct {
	pb.LeaseClient
	f *fake
}

func (l fakeLease) LeaseLeases(context.Context, *pb.LeaseLeasesRequest, ...grpc.CallOption) (*pb.LeaseLeasesResponse, error) {
	l.f.mu.Lock()
	defer l.f.mu.Unlock()
	if l.f.down {
		return nil, errDown
	}
	resp := &pb.LeaseLeasesResponse{}
	for id := range l.f.leases {
		resp.Leases = append(resp.Leases, &pb.LeaseStatus{ID: id})
	}
	return resp, nil
}

func (l fakeLease) LeaseTimeToLive(_ context.Context, r *pb.LeaseTimeToLiveRequest, _ ...grpc.CallOption) (*pb.LeaseTimeToLiveResponse, error) {
	l.f.mu.Lock()
	defer l.f.mu.Unlock()
	ttl, ok := l.f.leases[r.ID]
	if !ok {
		return &pb.LeaseTimeToLiveResponse{ID: r.ID, TTL: -1}, nil
	}
	return &pb.LeaseTimeToLiveResponse{ID: r.ID, TTL: ttl - 1, GrantedTTL: ttl}, nil
}

type fakeWatch struct{ f *fake }

func (w fakeWatch) Watch(ctx context.Context, _ ...grpc.CallOption) (pb.Watch_WatchClient, error) {
	return &fakeStream{f: w.f, ctx: ctx}, nil
}

// fakeStream is a watch as a server serves it.
type fakeStream struct {
	grpc.ClientStream
	f     *fake
	ctx   context.Context
	queue []*pb.WatchResponse
	next  int64 // revision to send; 0 before the watch is created
	all   bool  // it watches all keys
}

func (s *fakeStream) Send(r *pb.WatchRequest) error {
	s.f.mu.Lock()
	defer s.f.mu.Unlock()
	switch u := r.RequestUnion.(type) {
	case *pb.WatchRequest_CreateRequest:
		s.next, s.all = u.CreateRequest.StartRevision, len(u.CreateRequest.RangeEnd) > 0
		s.queue = append(s.queue, &pb.WatchResponse{Header: s.f.header(), Created: true})
		if s.next < s.f.compact {
			s.queue = append(s.queue, &pb.WatchResponse{Header: s.f.header(), Canceled: true, CompactRevision: s.f.compact})
			s.next = 1 << 62
		}
	case *pb.WatchRequest_ProgressRequest:
		if s.next > 0 && s.next < 1<<62 {
			s.fill()
			s.queue = append(s.queue, &pb.WatchResponse{Header: s.f.header(), WatchId: -1})
		}
	}
	s.f.change()
	return nil
}

// fill queues what was written.
func (s *fakeStream) fill() {
	if s.next == 0 || !s.all {
		return
	}
	var events []*mvccpb.Event
	for ; s.next < int64(len(s.f.history)); s.next++ {
		events = append(events, s.f.history[s.next]...)
	}
	for len(events) > 0 {
		n := len(events)
		if s.f.split > 0 {
			n = min(n, 1+s.f.random.IntN(s.f.split))
		}
		s.queue = append(s.queue, &pb.WatchResponse{Header: s.f.header(), Events: events[:n], Fragment: n < len(events) && s.f.random.IntN(2) == 0})
		events = events[n:]
	}
}

func (s *fakeStream) Recv() (*pb.WatchResponse, error) {
	for {
		s.f.mu.Lock()
		s.fill()
		changed, down := s.f.changed, s.f.down
		if !down && len(s.queue) > 0 {
			r := s.queue[0]
			s.queue = s.queue[1:]
			if s.f.broken > 0 && s.f.random.IntN(s.f.broken) == 0 {
				down = true
			}
			s.f.mu.Unlock()
			if down {
				return nil, io.ErrUnexpectedEOF
			}
			return r, nil
		}
		s.f.mu.Unlock()
		if down {
			return nil, errDown
		}
		select {
		case <-s.ctx.Done():
			return nil, s.ctx.Err()
		case <-changed:
		}
	}
}
