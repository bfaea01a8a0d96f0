// Package liar is a server for tests that answers ranges and watches as no etcd
// server does: like a broken proxy, a wrong implementation or an attacker.
//
// Only tests import it.
package liar

import (
	"context"
	"fmt"
	"net"
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"google.golang.org/grpc"
)

// Server answers by its functions. Without one, it does not have the method.
type Server struct {
	pb.UnimplementedKVServer
	pb.UnimplementedWatchServer
	OnRange  func(r *pb.RangeRequest) *pb.RangeResponse
	OnStream func(r *pb.RangeRequest, send func(*pb.RangeResponse) error) error
	OnWatch  func(r *pb.WatchCreateRequest, send func(*pb.WatchResponse) error) error
}

// Start serves until the test ends, and returns the endpoint.
func (s *Server) Start(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g, ended := grpc.NewServer(), make(chan struct{})
	pb.RegisterKVServer(g, s)
	pb.RegisterWatchServer(g, s)
	go func() {
		defer close(ended)
		_ = g.Serve(l) // returns when the server is stopped
	}()
	t.Cleanup(func() { g.Stop(); <-ended })
	return l.Addr().String()
}

// Range answers a request.
func (s *Server) Range(ctx context.Context, r *pb.RangeRequest) (*pb.RangeResponse, error) {
	if s.OnRange == nil {
		return s.UnimplementedKVServer.Range(ctx, r)
	}
	return s.OnRange(r), nil
}

// RangeStream answers a request in parts.
func (s *Server) RangeStream(r *pb.RangeRequest, stream pb.KV_RangeStreamServer) error {
	if s.OnStream == nil {
		return s.UnimplementedKVServer.RangeStream(r, stream)
	}
	return s.OnStream(r, func(part *pb.RangeResponse) error {
		return stream.Send(&pb.RangeStreamResponse{RangeResponse: part})
	})
}

// Watch answers the first request of a stream.
func (s *Server) Watch(stream pb.Watch_WatchServer) error {
	if s.OnWatch == nil {
		return s.UnimplementedWatchServer.Watch(stream)
	}
	r, err := stream.Recv()
	if err != nil {
		return err
	}
	if err := stream.Send(&pb.WatchResponse{Header: Header(), Created: true}); err != nil {
		return err
	}
	if err := s.OnWatch(r.GetCreateRequest(), stream.Send); err != nil {
		return err
	}
	<-stream.Context().Done()
	return nil
}

// Header is the header of an honest answer.
func Header() *pb.ResponseHeader {
	return &pb.ResponseHeader{ClusterId: 1, MemberId: 2, Revision: 9, RaftTerm: 3}
}

// Pairs returns pairs with the given keys.
func Pairs(keys ...string) (kvs []*mvccpb.KeyValue) {
	for i, key := range keys {
		kvs = append(kvs, &mvccpb.KeyValue{Key: []byte(key), Value: []byte("v"), CreateRevision: int64(2 + i), ModRevision: int64(2 + i), Version: 1})
	}
	return kvs
}

// Ranges returns servers that send wrong answers to range requests, by the kind
// of fault. Most keys that they send begin with /k.
func Ranges() map[string]*Server {
	always := func(more bool, count int64, keys ...string) *Server {
		return &Server{OnRange: func(r *pb.RangeRequest) *pb.RangeResponse {
			if r.GetCountOnly() {
				return &pb.RangeResponse{Header: Header(), Count: count}
			}
			return &pb.RangeResponse{Header: Header(), More: more, Count: count, Kvs: Pairs(keys...)}
		}}
	}
	streams := func(parts ...*pb.RangeResponse) *Server {
		s := always(false, 10, "/k1", "/k2", "/k3")
		s.OnStream = func(_ *pb.RangeRequest, send func(*pb.RangeResponse) error) error {
			for i := 0; ; i++ {
				if err := send(parts[min(i, len(parts)-1)]); err != nil {
					return err
				}
			}
		}
		return s
	}
	return map[string]*Server{
		"more without keys":         always(true, 10),
		"key outside of the range":  always(false, 2, "/a", "/k2"),
		"keys that descend":         always(false, 2, "/k2", "/k1"),
		"the same page for ever":    always(true, 1_000_000, many(500)...),
		"fewer keys than counted":   always(false, 10, "/k1", "/k2", "/k3"),
		"more keys than counted":    always(false, 1, "/k1", "/k2"),
		"a stream of empty parts":   streams(&pb.RangeResponse{}),
		"a stream that repeats":     streams(&pb.RangeResponse{Kvs: Pairs("/k1", "/k2")}),
		"a stream outside":          streams(&pb.RangeResponse{Kvs: Pairs("/a")}),
		"a stream that ends before": streams(&pb.RangeResponse{Header: Header(), Kvs: Pairs("/k1"), Count: 7}),
	}
}

func many(n int) (keys []string) {
	for i := range n {
		keys = append(keys, fmt.Sprintf("/k%06d", i))
	}
	return keys
}

// Watches returns servers that lie to a watch of the prefix /k.
func Watches() map[string]*Server {
	send := func(events ...*mvccpb.Event) *Server {
		return &Server{
			OnRange: func(*pb.RangeRequest) *pb.RangeResponse { return &pb.RangeResponse{Header: Header()} },
			OnWatch: func(_ *pb.WatchCreateRequest, send func(*pb.WatchResponse) error) error {
				return send(&pb.WatchResponse{Header: Header(), Events: events})
			},
		}
	}
	put := func(key string, rev int64) *mvccpb.Event {
		return &mvccpb.Event{Kv: &mvccpb.KeyValue{Key: []byte(key), ModRevision: rev}}
	}
	return map[string]*Server{
		"an event without a key":      send(&mvccpb.Event{}),
		"an event of another key":     send(put("/a", 3)),
		"events that go back in time": send(put("/k1", 5), put("/k1", 4)),
		"an event without a revision": send(put("/k1", 0)),
	}
}
