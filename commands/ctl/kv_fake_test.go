package ctl

import (
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"etcdkit/commands/cli"
	"etcdkit/commands/conn/conntest"
	"etcdkit/keyspace/fence/fencekey"
)

// kvServer is an etcd server that returns the answers of a test, and records
// the requests.
type kvServer struct {
	pb.UnimplementedKVServer
	pb.UnimplementedLeaseServer
	pb.UnimplementedWatchServer

	answer    func(proto.Message) (proto.Message, error)                                        // nil: nothing but the header
	keepAlive func(*pb.LeaseKeepAliveRequest) (*pb.LeaseKeepAliveResponse, error)               // one sign of life
	watch     func(ctx context.Context, w pb.Watch_WatchServer, r *pb.WatchCreateRequest) error // after the watch was created

	mu   sync.Mutex
	seen []proto.Message
}

// start serves until the test ends and returns the endpoint.
func (f *kvServer) start(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f.on(t, l)
	return l.Addr().String()
}

// at serves on a network in memory until the test ends and returns the endpoint.
func (f *kvServer) at(t *testing.T, n *conntest.Network, endpoint string) string {
	t.Helper()
	f.on(t, n.Listen(t, endpoint))
	return endpoint
}

func (f *kvServer) on(t *testing.T, l net.Listener) {
	t.Helper()
	s, ended := grpc.NewServer(), make(chan struct{})
	pb.RegisterKVServer(s, f)
	pb.RegisterLeaseServer(s, f)
	pb.RegisterWatchServer(s, f)
	go func() {
		defer close(ended)
		_ = s.Serve(l) // returns when the server is stopped
	}()
	t.Cleanup(func() { s.Stop(); <-ended })
}

func (f *kvServer) saw(m proto.Message) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen = append(f.seen, m)
}

// requests returns the requests that the server received.
func (f *kvServer) requests() []proto.Message {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]proto.Message(nil), f.seen...)
}

func fakeHeader() *pb.ResponseHeader {
	return &pb.ResponseHeader{ClusterId: 1, MemberId: 2, Revision: 3, RaftTerm: 4}
}

// serve answers a request by the test's function, or by otherwise.
func serve[M proto.Message](f *kvServer, req proto.Message, otherwise M) (M, error) {
	f.saw(req)
	if f.answer == nil {
		return otherwise, nil
	}
	m, err := f.answer(req)
	if m == nil {
		return otherwise, err
	}
	return m.(M), err
}

func (f *kvServer) Range(_ context.Context, r *pb.RangeRequest) (*pb.RangeResponse, error) {
	resp, err := serve(f, r, &pb.RangeResponse{Header: fakeHeader()})
	if r.GetCountOnly() && resp != nil {
		resp = proto.CloneOf(resp)
		resp.Kvs = nil
	}
	return resp, err
}

func (f *kvServer) Put(_ context.Context, r *pb.PutRequest) (*pb.PutResponse, error) {
	return serve(f, r, &pb.PutResponse{Header: fakeHeader()})
}

func (f *kvServer) DeleteRange(_ context.Context, r *pb.DeleteRangeRequest) (*pb.DeleteRangeResponse, error) {
	return serve(f, r, &pb.DeleteRangeResponse{Header: fakeHeader()})
}

func (f *kvServer) Txn(_ context.Context, r *pb.TxnRequest) (*pb.TxnResponse, error) {
	resp := &pb.TxnResponse{Header: fakeHeader()}
	if len(r.GetCompare()) > 0 && fencekey.IsName(r.GetCompare()[0].GetKey()) {
		resp = fencedAnswer(r)
	}
	return serve(f, r, resp)
}

// fencedAnswer is the answer to a transaction that a fence lets through.
func fencedAnswer(r *pb.TxnRequest) *pb.TxnResponse {
	resp := &pb.TxnResponse{Header: fakeHeader(), Succeeded: true}
	resp.Header.Revision = r.GetCompare()[0].GetModRevision() + 1
	for _, op := range r.GetSuccess() {
		answer := &pb.ResponseOp{Response: &pb.ResponseOp_ResponsePut{ResponsePut: &pb.PutResponse{}}}
		if op.GetRequestDeleteRange() != nil {
			answer.Response = &pb.ResponseOp_ResponseDeleteRange{ResponseDeleteRange: &pb.DeleteRangeResponse{}}
		}
		resp.Responses = append(resp.Responses, answer)
	}
	return resp
}

func (f *kvServer) Compact(_ context.Context, r *pb.CompactionRequest) (*pb.CompactionResponse, error) {
	return serve(f, r, &pb.CompactionResponse{Header: fakeHeader()})
}

func (f *kvServer) LeaseGrant(_ context.Context, r *pb.LeaseGrantRequest) (*pb.LeaseGrantResponse, error) {
	return serve(f, r, &pb.LeaseGrantResponse{Header: fakeHeader(), ID: 0xabc, TTL: r.TTL})
}

func (f *kvServer) LeaseRevoke(_ context.Context, r *pb.LeaseRevokeRequest) (*pb.LeaseRevokeResponse, error) {
	return serve(f, r, &pb.LeaseRevokeResponse{Header: fakeHeader()})
}

func (f *kvServer) LeaseTimeToLive(_ context.Context, r *pb.LeaseTimeToLiveRequest) (*pb.LeaseTimeToLiveResponse, error) {
	return serve(f, r, &pb.LeaseTimeToLiveResponse{Header: fakeHeader(), ID: r.ID, TTL: 7, GrantedTTL: 9})
}

func (f *kvServer) LeaseLeases(_ context.Context, r *pb.LeaseLeasesRequest) (*pb.LeaseLeasesResponse, error) {
	return serve(f, r, &pb.LeaseLeasesResponse{Header: fakeHeader(), Leases: []*pb.LeaseStatus{{ID: 0xabc}}})
}

func (f *kvServer) LeaseKeepAlive(s pb.Lease_LeaseKeepAliveServer) error {
	for {
		r, err := s.Recv()
		if err != nil {
			return nil // the client has gone
		}
		f.saw(r)
		answer, err := f.keepAlive(r)
		if err != nil {
			return err
		}
		if err := s.Send(answer); err != nil {
			return err
		}
	}
}

func (f *kvServer) Watch(s pb.Watch_WatchServer) error {
	for id := int64(0); ; {
		r, err := s.Recv()
		if err != nil {
			return nil // the client has gone
		}
		f.saw(r)
		switch {
		case r.GetProgressRequest() != nil:
			if err := s.Send(&pb.WatchResponse{Header: fakeHeader(), WatchId: -1}); err != nil {
				return err
			}
		case r.GetCreateRequest() != nil:
			if err := s.Send(&pb.WatchResponse{Header: fakeHeader(), WatchId: id, Created: true}); err != nil {
				return err
			}
			if f.watch != nil {
				if err := f.watch(s.Context(), s, r.GetCreateRequest()); err != nil {
					return err
				}
			}
			id++
		}
	}
}

// ran is the outcome of one run of the program.
type ran struct {
	code     cli.Code
	out, err string
}

// runner is a run of the program in this process.
type runner struct {
	endpoint string
	in       io.Reader
	env      []string
	net      *conntest.Network // the machine's where nil
}

func (r runner) run(t *testing.T, args ...string) ran {
	t.Helper()
	var out, err lockedBuffer
	if r.in == nil {
		r.in = strings.NewReader("")
	}
	if r.endpoint != "" {
		args = append([]string{"--endpoints", r.endpoint}, args...)
	}
	s := cli.Streams{In: r.in, Out: &out, Err: &err, Env: r.env}
	if r.net != nil {
		s.Dial = r.net.Dial
	}
	code := Main(t.Context(), s, args)
	return ran{code, out.String(), err.String()}
}

func (r ran) is(t *testing.T, want ran) {
	t.Helper()
	if r != want {
		t.Errorf("got  %d, stdout %q, stderr %q\nwant %d, stdout %q, stderr %q", r.code, r.out, r.err, want.code, want.out, want.err)
	}
}

// lockedBuffer is a stream that a command and its children may share.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// sameMessages compares requests with those expected.
func sameMessages(t *testing.T, got []proto.Message, want ...proto.Message) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("the server was asked %v, want %v", got, want)
	}
	for i := range got {
		if !proto.Equal(got[i], want[i]) {
			t.Errorf("request %d: got  %v\nwant %v", i, got[i], want[i])
		}
	}
}
