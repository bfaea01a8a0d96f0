package mirror

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"etcdkit/keyspace/fence/fencekey"
)

// etcd is a server in memory, with as much of etcd as a mirror needs: keys with
// their history, leases that end, watches. In a bubble of synctest its time is
// the bubble's, connections included; but for watches, whose client waits for a
// channel from outside any bubble.
type etcd struct {
	pb.UnimplementedKVServer
	pb.UnimplementedWatchServer
	pb.UnimplementedLeaseServer

	// Set before the server is used.
	noStream bool                  // as before 3.7
	maxOps   int                   // of one transaction; 0: no limit
	before   func(op string) error // called before each request, of the names below

	mu        sync.Mutex
	rev       int64
	compacted int64
	history   []*mvccpb.Event
	leases    map[int64]*heldLease
	nextLease int64
	changed   chan struct{} // closed and replaced at each request and change
	asked     map[string]int
	most      int // operations in one transaction

	listener *bufconn.Listener // nil while the server is down
	server   *grpc.Server
}

type heldLease struct {
	ttl   int64
	until time.Time
	timer *time.Timer
}

// newEtcd starts a server that runs until the test ends.
func newEtcd(t *testing.T) *etcd {
	t.Helper()
	e := &etcd{rev: 1, leases: make(map[int64]*heldLease), nextLease: 1000, changed: make(chan struct{}), asked: make(map[string]int)}
	e.start()
	t.Cleanup(e.stop)
	return e
}

func (e *etcd) start() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.listener, e.server = bufconn.Listen(1<<20), grpc.NewServer()
	pb.RegisterKVServer(e.server, e)
	pb.RegisterWatchServer(e.server, e)
	pb.RegisterLeaseServer(e.server, e)
	go func(s *grpc.Server, l net.Listener) { _ = s.Serve(l) }(e.server, e.listener)
}

// stop breaks all connections. The keys stay.
func (e *etcd) stop() {
	e.mu.Lock()
	s := e.server
	e.server, e.listener = nil, nil
	e.mu.Unlock()
	if s != nil {
		s.Stop()
	}
}

// client returns a client, which is closed when the test ends.
func (e *etcd) client(t *testing.T) *clientv3.Client {
	t.Helper()
	dial := func(ctx context.Context, _ string) (net.Conn, error) {
		e.mu.Lock()
		l := e.listener
		e.mu.Unlock()
		if l == nil {
			return nil, errors.New("connection refused")
		}
		return l.DialContext(ctx)
	}
	c, err := clientv3.New(clientv3.Config{
		Endpoints: []string{"http://fake"}, Logger: zap.NewNop(), Context: context.WithoutCancel(t.Context()),
		DialOptions: []grpc.DialOption{grpc.WithContextDialer(dial), grpc.WithConnectParams(grpc.ConnectParams{
			Backoff: backoff.Config{BaseDelay: time.Millisecond, MaxDelay: 10 * time.Millisecond, Multiplier: 2}, MinConnectTimeout: time.Second,
		})},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func (e *etcd) request(op string) error {
	e.mu.Lock()
	e.asked[op]++
	e.wake()
	e.mu.Unlock()
	if e.before != nil {
		return e.before(op)
	}
	return nil
}

func (e *etcd) header() *pb.ResponseHeader { return &pb.ResponseHeader{Revision: e.rev} }

// at returns the keys at a revision.
func (e *etcd) at(rev int64) map[string]*mvccpb.KeyValue {
	kvs := make(map[string]*mvccpb.KeyValue)
	for _, ev := range e.history {
		switch {
		case ev.Kv.ModRevision > rev:
			return kvs
		case ev.Type == mvccpb.Event_DELETE:
			delete(kvs, string(ev.Kv.Key))
		default:
			kvs[string(ev.Kv.Key)] = ev.Kv
		}
	}
	return kvs
}

func within(key, from, end []byte) bool {
	if len(end) == 0 {
		return bytes.Equal(key, from)
	}
	return bytes.Compare(key, from) >= 0 && (bytes.Equal(end, []byte{0}) || bytes.Compare(key, end) < 0)
}

func (e *etcd) Range(_ context.Context, r *pb.RangeRequest) (*pb.RangeResponse, error) {
	if err := e.request("range"); err != nil {
		return nil, err
	}
	return e.answer(r)
}

func (e *etcd) answer(r *pb.RangeRequest) (*pb.RangeResponse, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	rev := r.Revision
	if rev == 0 {
		rev = e.rev
	}
	if rev < e.compacted {
		return nil, rpctypes.ErrGRPCCompacted
	}
	resp := &pb.RangeResponse{Header: e.header()}
	kvs := e.at(rev)
	for _, key := range slices.Sorted(maps.Keys(kvs)) {
		if !within([]byte(key), r.Key, r.RangeEnd) {
			continue
		}
		resp.Count++
		switch kv := kvs[key]; {
		case r.CountOnly:
		case r.Limit > 0 && int64(len(resp.Kvs)) == r.Limit:
			resp.More = true
		case r.KeysOnly:
			resp.Kvs = append(resp.Kvs, &mvccpb.KeyValue{Key: kv.Key, ModRevision: kv.ModRevision, Lease: kv.Lease})
		default:
			resp.Kvs = append(resp.Kvs, kv)
		}
	}
	return resp, nil
}

// RangeStream sends two keys at a time. As of a server, the last part alone has
// the header and the count.
func (e *etcd) RangeStream(r *pb.RangeRequest, s pb.KV_RangeStreamServer) error {
	if e.noStream {
		return status.Error(codes.Unimplemented, "unknown method RangeStream")
	}
	r.Limit = 2
	for sent := int64(0); ; {
		if err := e.request("stream"); err != nil {
			return err
		}
		resp, err := e.answer(r)
		if err != nil {
			return err
		}
		if resp.More {
			resp = &pb.RangeResponse{Kvs: resp.Kvs, More: true}
		}
		if sent += int64(len(resp.Kvs)); !resp.More {
			resp.Count = sent
		}
		if err := s.Send(&pb.RangeStreamResponse{RangeResponse: resp}); err != nil || !resp.More {
			return err
		}
		r.Key, r.Revision = append(resp.Kvs[len(resp.Kvs)-1].Key, 0), max(r.Revision, 0)
	}
}

func (e *etcd) Txn(_ context.Context, r *pb.TxnRequest) (*pb.TxnResponse, error) {
	if err := e.request("write"); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	var ops []*pb.RequestOp
	resp := e.decide(r, &ops)
	e.most = max(e.most, len(ops))
	if e.maxOps > 0 && len(ops) > e.maxOps {
		return nil, rpctypes.ErrGRPCTooManyOps
	}
	if len(ops) > 0 {
		if err := e.write(ops); err != nil {
			return nil, err
		}
	}
	resp.Header = e.header()
	return resp, nil
}

// decide answers a transaction and collects the changes that it makes.
func (e *etcd) decide(r *pb.TxnRequest, all *[]*pb.RequestOp) *pb.TxnResponse {
	now, resp, then := e.at(e.rev), &pb.TxnResponse{Succeeded: true}, r.Success
	for _, c := range r.Compare {
		resp.Succeeded = resp.Succeeded && now[string(c.Key)].GetModRevision() == c.GetModRevision()
	}
	if !resp.Succeeded {
		then = r.Failure
	}
	for _, op := range then {
		one := &pb.ResponseOp{}
		switch {
		case op.GetRequestTxn() != nil:
			one.Response = &pb.ResponseOp_ResponseTxn{ResponseTxn: e.decide(op.GetRequestTxn(), all)}
		case op.GetRequestRange() != nil:
			read := &pb.RangeResponse{}
			if kv := now[string(op.GetRequestRange().Key)]; kv != nil {
				read.Kvs = append(read.Kvs, kv)
			}
			one.Response = &pb.ResponseOp_ResponseRange{ResponseRange: read}
		case op.GetRequestPut() != nil:
			*all = append(*all, op)
			one.Response = &pb.ResponseOp_ResponsePut{ResponsePut: &pb.PutResponse{}}
		default:
			*all = append(*all, op)
			one.Response = &pb.ResponseOp_ResponseDeleteRange{ResponseDeleteRange: &pb.DeleteRangeResponse{}}
		}
		resp.Responses = append(resp.Responses, one)
	}
	return resp
}

// write makes changes, all in one revision.
func (e *etcd) write(ops []*pb.RequestOp) error {
	keys := make(map[string]bool)
	for _, op := range ops {
		put, del := op.GetRequestPut(), op.GetRequestDeleteRange()
		key := string(put.GetKey()) + string(del.GetKey())
		switch {
		case key == "":
			return rpctypes.ErrGRPCEmptyKey
		case keys[key]:
			return rpctypes.ErrGRPCDuplicateKey
		case put.GetLease() != 0 && e.leases[put.Lease] == nil:
			return rpctypes.ErrGRPCLeaseNotFound
		}
		keys[key] = true
	}
	now := e.at(e.rev)
	e.rev++
	for _, op := range ops {
		if del := op.GetRequestDeleteRange(); del != nil {
			if now[string(del.Key)] != nil {
				e.history = append(e.history, &mvccpb.Event{Type: mvccpb.Event_DELETE, Kv: &mvccpb.KeyValue{Key: del.Key, ModRevision: e.rev}})
			}
			continue
		}
		put := op.GetRequestPut()
		kv := &mvccpb.KeyValue{Key: put.Key, Value: put.Value, Lease: put.Lease, ModRevision: e.rev, CreateRevision: e.rev, Version: 1}
		if old := now[string(put.Key)]; old != nil {
			kv.Version, kv.CreateRevision = old.Version+1, old.CreateRevision
		}
		e.history = append(e.history, &mvccpb.Event{Kv: kv})
	}
	e.wake()
	return nil
}

func (e *etcd) wake() {
	close(e.changed)
	e.changed = make(chan struct{})
}

// await waits until a condition holds, which is looked at after each request.
func (e *etcd) await(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for {
		e.mu.Lock()
		changed := e.changed
		e.mu.Unlock()
		if cond() {
			return
		}
		select {
		case <-changed:
		case <-time.After(30 * time.Second):
			t.Fatalf("waited in vain for %s; asked for %v, the keys are %q", what, e.asked, e.state())
		}
	}
}

// awaitState waits until the keys are those.
func (e *etcd) awaitState(t *testing.T, want ...string) {
	t.Helper()
	e.await(t, "a state", func() bool { return slices.Equal(e.state(), want) })
}

// txn changes keys in one transaction: "k=v" or "-k".
func (e *etcd) txn(words ...string) { e.txnWithLease(0, words...) }

func (e *etcd) txnWithLease(lease int64, words ...string) {
	var ops []*pb.RequestOp
	for _, w := range words {
		if w[0] == '-' {
			ops = append(ops, &pb.RequestOp{Request: &pb.RequestOp_RequestDeleteRange{RequestDeleteRange: &pb.DeleteRangeRequest{Key: []byte(w[1:])}}})
			continue
		}
		key, value, _ := bytes.Cut([]byte(w), []byte("="))
		ops = append(ops, &pb.RequestOp{Request: &pb.RequestOp_RequestPut{RequestPut: &pb.PutRequest{Key: key, Value: value, Lease: lease}}})
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.write(ops); err != nil {
		panic(err)
	}
}

// compact forgets the history up to now.
func (e *etcd) compact() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.compacted = e.rev
}

// state returns the keys without fences as "k=v", with "@" if they have a lease.
func (e *etcd) state() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var all []string
	for k, kv := range e.at(e.rev) {
		if fencekey.Is(kv) {
			continue
		}
		text := k + "=" + string(kv.Value)
		if kv.Lease != 0 {
			text += "@"
		}
		all = append(all, text)
	}
	slices.Sort(all)
	return all
}

// revision returns the current one.
func (e *etcd) revision() int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.rev
}

// count returns how many requests there were of a name.
func (e *etcd) count(op string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.asked[op]
}
