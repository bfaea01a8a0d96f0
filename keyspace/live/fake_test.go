package live

import (
	"bytes"
	"context"
	"errors"
	"net"
	"slices"
	"sort"
	"sync"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/proto"

	"etcdkit/keyspace"
)

// fake is a member that knows its keys at each revision, and records the
// requests it receives.
type fake struct {
	pb.UnimplementedKVServer
	streams bool // it has the range stream
	chunk   int  // keys of a part of it
	rate    int  // bytes of answers in a second; 0 is no limit

	link chan struct{} // replaces the answer that is under way

	mu        sync.Mutex
	rev       int64
	compacted int64
	at        map[int64][]*mvccpb.KeyValue // sorted by key
	asked     []*pb.RangeRequest
	streamed  int                                                        // how many of those were for a stream
	counted   int                                                        // keys looked at to answer plain requests
	before    func(n int, r *pb.RangeRequest) error                      // called before the nth request, from 0
	between   func(n int, s grpc.ServerStream, r *pb.RangeRequest) error // and before the nth part of a stream
}

func newFake(keys ...string) *fake {
	f := &fake{chunk: 10, rev: 1, link: make(chan struct{}, 1), at: map[int64][]*mvccpb.KeyValue{1: nil}}
	f.put(func(int) []byte { return []byte("value") }, keys...)
	return f
}

// put writes the keys at one new revision.
func (f *fake) put(value func(i int) []byte, keys ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := map[string]*mvccpb.KeyValue{}
	for _, kv := range f.at[f.rev] {
		all[string(kv.Key)] = kv
	}
	f.rev++
	for i, k := range keys {
		all[k] = &mvccpb.KeyValue{Key: []byte(k), Value: value(i), CreateRevision: f.rev, ModRevision: f.rev, Version: 1}
	}
	f.keep(all)
}

// del deletes the keys at one new revision.
func (f *fake) del(keys ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := map[string]*mvccpb.KeyValue{}
	for _, kv := range f.at[f.rev] {
		if !slices.Contains(keys, string(kv.Key)) {
			all[string(kv.Key)] = kv
		}
	}
	f.rev++
	f.keep(all)
}

func (f *fake) keep(all map[string]*mvccpb.KeyValue) {
	kvs := make([]*mvccpb.KeyValue, 0, len(all))
	for _, kv := range all {
		kvs = append(kvs, kv)
	}
	slices.SortFunc(kvs, func(a, b *mvccpb.KeyValue) int { return bytes.Compare(a.Key, b.Key) })
	f.at[f.rev] = kvs
}

// answer is the one that a server has for a request.
func (f *fake) answer(r *pb.RangeRequest) (*pb.RangeResponse, error) {
	rev := r.Revision
	switch {
	case rev == 0:
		rev = f.rev
	case rev > f.rev:
		return nil, rpctypes.ErrGRPCFutureRev
	case rev < f.compacted:
		return nil, rpctypes.ErrGRPCCompacted
	}
	all := f.at[rev]
	from := sort.Search(len(all), func(i int) bool { return bytes.Compare(all[i].Key, r.Key) >= 0 })
	to := len(all)
	switch end := string(r.RangeEnd); end {
	case "\x00":
	case "":
		to = min(from, to)
		if from < len(all) && bytes.Equal(all[from].Key, r.Key) {
			to = from + 1
		}
	default:
		to = max(from, sort.Search(len(all), func(i int) bool { return string(all[i].Key) >= end }))
	}
	resp := &pb.RangeResponse{Header: &pb.ResponseHeader{ClusterId: 1, MemberId: 2, Revision: f.rev, RaftTerm: 3}, Count: int64(to - from)}
	f.counted += to - from
	if r.Limit > 0 && int64(to-from) > r.Limit {
		to, resp.More = from+int(r.Limit), true
	}
	if r.CountOnly {
		return resp, nil
	}
	for _, kv := range all[from:to] {
		if r.KeysOnly {
			kv = proto.CloneOf(kv)
			kv.Value = nil
		}
		resp.Kvs = append(resp.Kvs, kv)
	}
	return resp, nil
}

// took notes a request.
func (f *fake) took(r *pb.RangeRequest) error {
	f.mu.Lock()
	n := len(f.asked)
	f.asked = append(f.asked, r)
	f.mu.Unlock()
	if f.before == nil {
		return nil
	}
	return f.before(n, r)
}

// carry takes as long as the transfer of an answer after its header.
func (f *fake) carry(ctx context.Context, kvs []*mvccpb.KeyValue) error {
	if f.rate == 0 {
		return nil
	}
	f.link <- struct{}{}
	defer func() { <-f.link }()
	_ = grpc.SendHeader(ctx, nil) // it may have come
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Duration(size(kvs)) * time.Second / time.Duration(f.rate)):
		return nil
	}
}

func (f *fake) Range(ctx context.Context, r *pb.RangeRequest) (*pb.RangeResponse, error) {
	if err := f.took(r); err != nil {
		return nil, err
	}
	f.mu.Lock()
	resp, err := f.answer(r)
	f.mu.Unlock()
	if err == nil {
		err = f.carry(ctx, resp.GetKvs())
	}
	return resp, err
}

// RangeStream sends parts as a server of release 3.7 does: the last one alone
// has the header and the count.
func (f *fake) RangeStream(r *pb.RangeRequest, s grpc.ServerStreamingServer[pb.RangeStreamResponse]) error {
	if !f.streams {
		return errNoStream
	}
	if err := f.took(r); err != nil {
		return err
	}
	f.mu.Lock()
	f.streamed++
	counted := f.counted
	whole, err := f.answer(r)
	f.counted = counted
	f.mu.Unlock()
	if err != nil {
		return err
	}
	for n := 0; ; n++ {
		if f.between != nil {
			if err := f.between(n, s, r); err != nil {
				return err
			}
		}
		size := min(f.chunk, len(whole.Kvs))
		part := &pb.RangeResponse{Kvs: whole.Kvs[:size]}
		whole.Kvs = whole.Kvs[size:]
		if err := f.carry(s.Context(), part.Kvs); err != nil {
			return err
		}
		if len(whole.Kvs) == 0 {
			part.Header, part.More, part.Count = whole.Header, whole.More, whole.Count
			return s.Send(&pb.RangeStreamResponse{RangeResponse: part})
		}
		if err := s.Send(&pb.RangeStreamResponse{RangeResponse: part}); err != nil {
			return err
		}
	}
}

// reader serves f until the test ends and returns a reader of it, of small
// pages.
func (f *fake) reader(t testing.TB) *Source {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return f.readerOver(t, l, func(ctx context.Context, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", l.Addr().String())
	})
}

// readerInside is a reader as reader returns, for a bubble of synctest, whose
// time is that of the connections as well.
func (f *fake) readerInside(t testing.TB) *Source {
	t.Helper()
	l := bufconn.Listen(1 << 20)
	return f.readerOver(t, l, func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) })
}

func (f *fake) readerOver(t testing.TB, l net.Listener, dial func(context.Context, string) (net.Conn, error)) *Source {
	t.Helper()
	s, ended := grpc.NewServer(), make(chan struct{})
	pb.RegisterKVServer(s, f)
	go func() {
		defer close(ended)
		_ = s.Serve(l) // returns when the server is stopped
	}()
	t.Cleanup(func() { s.Stop(); <-ended })
	c, err := clientv3.New(clientv3.Config{
		Endpoints: []string{"http://fake"}, Logger: zap.NewNop(), Context: context.WithoutCancel(t.Context()), DialOptions: []grpc.DialOption{grpc.WithContextDialer(dial)},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return &Source{
		Client: c, Timeout: 10 * time.Second,
		sizes: sizes{firstKeys: 20, pageKeys: 200, pageBytes: 1000, holdBytes: 500, recvBytes: 1 << 20, underWay: 3},
	}
}

// whole is f's answer to a single request for the range.
func (f *fake) whole(t testing.TB, g keyspace.Range) *pb.RangeResponse {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	counted := f.counted
	defer func() { f.counted = counted }()
	resp, err := f.answer(&pb.RangeRequest{Key: []byte(g.Key), RangeEnd: []byte(g.End), Revision: g.Rev, Limit: g.Limit, KeysOnly: g.KeysOnly})
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// read puts the parts of a range together.
func read(ctx context.Context, r *Source, g keyspace.Range) (*pb.RangeResponse, error) {
	var whole *pb.RangeResponse
	for page, err := range r.Pages(ctx, g) {
		if err != nil {
			return whole, err
		}
		header := &pb.ResponseHeader{ClusterId: page.Head.ClusterID, MemberId: page.Head.MemberID, Revision: page.Head.Revision, RaftTerm: page.Head.RaftTerm}
		if whole == nil {
			whole = &pb.RangeResponse{Header: header}
		}
		if !proto.Equal(whole.Header, header) {
			return whole, errors.New("parts with different headers")
		}
		whole.Kvs = append(whole.Kvs, page.KVs...)
		whole.More, whole.Count = page.More, page.Count
	}
	return whole, nil
}

// same compares the pairs read with that single answer.
func same(t testing.TB, got, want *pb.RangeResponse) {
	t.Helper()
	if proto.Equal(got, want) {
		return
	}
	t.Errorf("got  %d keys, more %v, count %d, header %v\nwant %d keys, more %v, count %d, header %v",
		len(got.GetKvs()), got.GetMore(), got.GetCount(), got.GetHeader(), len(want.Kvs), want.More, want.Count, want.Header)
	for i := range min(len(got.GetKvs()), len(want.Kvs)) {
		if !proto.Equal(got.Kvs[i], want.Kvs[i]) {
			t.Fatalf("key %d: got %v, want %v", i, got.Kvs[i], want.Kvs[i])
		}
	}
}
