package live

import (
	"context"
	"sync"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"google.golang.org/grpc"
)

// flow bounds the memory that clientv3 uses for a watch. clientv3 receives
// events as fast as they arrive and keeps them until they are consumed, and to
// a watch that lags far behind, a server sends a thousand revisions in one
// response of any size.
//
// Responses are therefore asked for in fragments, which are joined up to
// joinBytes; a revision is never split. While more than aheadBytes are not
// consumed, nothing is received, so the server waits. If nothing is consumed
// for longestStall, clientv3 receives the rest without a bound: a consumer that
// pauses must not lose events to a compaction.
type flow struct {
	pb.WatchClient
	plain bool // leave the requests as they are

	mu     sync.Mutex
	ahead  int64 // bytes of events that were received and not taken
	off    bool  // the bound no longer applies
	passed chan struct{}
}

const (
	joinBytes    = 8 << 20
	aheadBytes   = 16 << 20
	longestStall = 5 * time.Second
)

func newFlow(c pb.WatchClient) *flow { return &flow{WatchClient: c, passed: make(chan struct{}, 1)} }

// Watch opens a stream.
func (f *flow) Watch(ctx context.Context, opts ...grpc.CallOption) (pb.Watch_WatchClient, error) {
	s, err := f.WatchClient.Watch(ctx, opts...)
	if err != nil || f.plain {
		return s, err
	}
	return &flowStream{Watch_WatchClient: s, flow: f, held: make(map[int64]*pb.WatchResponse)}, nil
}

// taken records that events of so many bytes were taken.
func (f *flow) taken(bytes int64) {
	f.mu.Lock()
	f.ahead = max(0, f.ahead-bytes)
	f.mu.Unlock()
	select {
	case f.passed <- struct{}{}:
	default:
	}
}

// received records that events of so many bytes have come.
func (f *flow) received(bytes int64) {
	f.mu.Lock()
	f.ahead += bytes
	f.mu.Unlock()
}

func (f *flow) free() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.off || f.ahead <= aheadBytes
}

// wait waits until more may be received.
func (f *flow) wait(ctx context.Context) {
	for !f.free() {
		select {
		case <-ctx.Done():
			return
		case <-f.passed:
		case <-time.After(longestStall):
			f.mu.Lock()
			f.off = true
			f.mu.Unlock()
		}
	}
}

// flowStream is one stream of watches.
type flowStream struct {
	pb.Watch_WatchClient
	flow *flow
	held map[int64]*pb.WatchResponse // joined fragments, by watch
}

// Send asks for fragments.
func (s *flowStream) Send(r *pb.WatchRequest) error {
	if create := r.GetCreateRequest(); create != nil {
		create.Fragment = true
	}
	return s.Watch_WatchClient.Send(r)
}

// Recv returns the next response, and checks its events.
func (s *flowStream) Recv() (*pb.WatchResponse, error) {
	for {
		s.flow.wait(s.Context())
		resp, err := s.Watch_WatchClient.Recv()
		if err != nil {
			return nil, err
		}
		if err := checkEvents(resp.GetEvents()); err != nil {
			return nil, err
		}
		s.flow.received(eventBytes(resp.GetEvents()))
		if resp = s.join(resp); resp != nil {
			return resp, nil
		}
	}
}

// join adds a response to the fragments before it, and returns the response
// that is complete, nil if none is yet.
func (s *flowStream) join(resp *pb.WatchResponse) *pb.WatchResponse {
	fragment, id := resp.GetFragment(), resp.GetWatchId()
	if held := s.held[id]; held != nil {
		resp.Events = append(held.Events, resp.Events...)
		delete(s.held, id)
	}
	if resp.Fragment = false; !fragment {
		return resp
	}
	n := 0
	if eventBytes(resp.Events) >= joinBytes {
		n = lastRevision(resp.Events)
	}
	rest := &pb.WatchResponse{Header: resp.Header, WatchId: id, Events: resp.Events[n:]}
	s.held[id] = rest
	if n == 0 {
		return nil
	}
	resp.Events = resp.Events[:n:n]
	return resp
}

// lastRevision returns the index of the first event of the last revision.
func lastRevision(events []*mvccpb.Event) int {
	i := len(events) - 1
	for i > 0 && events[i-1].GetKv().GetModRevision() == events[i].GetKv().GetModRevision() {
		i--
	}
	return i
}

// checkEvents reports events that no server sends.
func checkEvents(events []*mvccpb.Event) error {
	last := int64(0)
	for _, e := range events {
		rev := e.GetKv().GetModRevision()
		switch {
		case e.GetKv() == nil:
			return wrong("an event without a key")
		case rev <= 0 || rev < last:
			return wrong("an event of revision %d after one of revision %d", rev, last)
		}
		last = rev
	}
	return nil
}

// eventBytes returns the bytes of keys and values.
func eventBytes(events []*mvccpb.Event) (n int64) {
	for _, e := range events {
		n += size([]*mvccpb.KeyValue{e.GetKv(), e.GetPrevKv()})
	}
	return n
}
