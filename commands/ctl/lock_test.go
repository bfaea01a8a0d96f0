package ctl

import (
	"context"
	"io"
	"slices"
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/protobuf/proto"

	"etcdkit/commands/cli"
)

func TestLockChild(t *testing.T) {
	t.Parallel()
	o := &lockOptions{}
	_, err := o.child(nil)
	wantError(t, err, "lock takes a lock name argument and an optional command to execute", cli.BadArgs)
	child, err := o.child([]string{"name"})
	if wantError(t, err, "", cli.OK); child != nil {
		t.Errorf("a command %v out of nothing", child.Args)
	}
	child, err = o.child([]string{"name", "echo", "-n", "x"})
	if wantError(t, err, "", cli.OK); !slices.Equal(child.Args, []string{"echo", "-n", "x"}) {
		t.Errorf("got %v", child.Args)
	}
}

func TestElectValidate(t *testing.T) {
	t.Parallel()
	tests := []struct {
		listen bool
		args   []string
		err    string
	}{
		{false, []string{"e", "p"}, ""},
		{true, []string{"e"}, ""},
		{false, nil, "elect takes one election name argument and an optional proposal argument"},
		{true, []string{"e", "p", "q"}, "elect takes one election name argument and an optional proposal argument"},
		{false, []string{"e"}, "no proposal argument but -l not set"},
		{true, []string{"e", "p"}, "proposal given but -l is set"},
	}
	for _, tt := range tests {
		code := cli.OK
		if tt.err != "" {
			code = cli.BadArgs
		}
		wantError(t, (&electOptions{listen: tt.listen}).validate(tt.args), tt.err, code)
	}
}

// locksmith is a server on which every lock is free and every candidate is
// elected, unless refuse says something else. The lease is 0xabc.
func locksmith(refuse func(proto.Message) error) *kvServer {
	key := []byte("name/abc")
	owner := &pb.ResponseOp{Response: &pb.ResponseOp_ResponseRange{ResponseRange: &pb.RangeResponse{}}}
	put := &pb.ResponseOp{Response: &pb.ResponseOp_ResponsePut{ResponsePut: &pb.PutResponse{}}}
	return &kvServer{
		answer: func(m proto.Message) (proto.Message, error) {
			if refuse != nil {
				if err := refuse(m); err != nil {
					return nil, err
				}
			}
			switch r := m.(type) {
			case *pb.TxnRequest:
				return &pb.TxnResponse{Header: fakeHeader(), Succeeded: true, Responses: []*pb.ResponseOp{put, owner}}, nil
			case *pb.RangeRequest:
				if len(r.RangeEnd) == 0 { // the key itself, and not its previous owner
					return &pb.RangeResponse{Header: fakeHeader(), Kvs: []*mvccpb.KeyValue{{Key: key, Value: []byte("me")}}, Count: 1}, nil
				}
			}
			return nil, nil
		},
		keepAlive: func(r *pb.LeaseKeepAliveRequest) (*pb.LeaseKeepAliveResponse, error) {
			return &pb.LeaseKeepAliveResponse{Header: fakeHeader(), ID: r.ID, TTL: 60}, nil
		},
	}
}

// asked returns the requests that the server received, without keepalives, whose
// number depends on the time.
func asked(f *kvServer) []proto.Message {
	return slices.DeleteFunc(f.requests(), func(m proto.Message) bool {
		_, ok := m.(*pb.LeaseKeepAliveRequest)
		return ok
	})
}

// kinds returns the names of these requests.
func kinds(f *kvServer) []string {
	var names []string
	for _, m := range asked(f) {
		names = append(names, string(m.ProtoReflect().Descriptor().Name()))
	}
	return names
}

const (
	grant  = "LeaseGrantRequest"
	txn    = "TxnRequest"
	lookup = "RangeRequest"
	revoke = "LeaseRevokeRequest"
)

func wantKinds(t *testing.T, f *kvServer, want ...string) {
	t.Helper()
	if got := kinds(f); !slices.Equal(got, want) {
		t.Errorf("the server was asked %v, want %v", got, want)
	}
}

// stopper is a stream that ends a command as soon as that prints.
type stopper struct {
	lockedBuffer
	stop context.CancelFunc
}

func (s *stopper) Write(p []byte) (int, error) {
	defer s.stop()
	return s.lockedBuffer.Write(p)
}

// untilPrinted runs a command that holds something until it is interrupted, and
// interrupts it when it prints.
func untilPrinted(t *testing.T, f *kvServer, args ...string) ran {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	out, errs := &stopper{stop: stop}, &lockedBuffer{}
	code := Main(ctx, cli.Streams{Out: out, Err: errs}, append([]string{"--endpoints", f.start(t)}, args...))
	return ran{code, out.String(), errs.String()}
}

// What is held until an interrupt is given back, and the exit code is 0.
func TestHeldUntilInterrupted(t *testing.T) {
	t.Parallel()
	f := locksmith(nil)
	untilPrinted(t, f, "lock", "name").is(t, ran{0, "name/abc\nme\n", ""})
	wantKinds(t, f, grant, txn, lookup, revoke)
	sent := asked(f)
	if ttl := sent[0].(*pb.LeaseGrantRequest).TTL; ttl != 10 {
		t.Errorf("a lease of %d s, want 10", ttl)
	}
	if id := sent[len(sent)-1].(*pb.LeaseRevokeRequest).ID; id != 0xabc {
		t.Errorf("lease %x was revoked, want abc", id)
	}

	f = locksmith(nil)
	untilPrinted(t, f, "lock", "name", "--ttl", "0", "-w", "json").is(t, ran{0,
		`{"header":{"cluster_id":1,"member_id":2,"revision":3,"raft_term":4},"kvs":[{"key":"bmFtZS9hYmM=","value":"bWU="}],"count":1}` + "\n", ""})
	if ttl := asked(f)[0].(*pb.LeaseGrantRequest).TTL; ttl != 60 {
		t.Errorf("a lease of %d s, want 60", ttl)
	}

	f = locksmith(nil)
	untilPrinted(t, f, "elect", "name", "me").is(t, ran{0, "name/abc\nme\n", ""})
	wantKinds(t, f, grant, txn, lookup, lookup, revoke)
}

// Whatever goes wrong once there is a lease, it is given back.
func TestLockFails(t *testing.T) {
	t.Parallel()
	denied := func(kind string) func(proto.Message) error {
		return func(m proto.Message) error {
			if string(m.ProtoReflect().Descriptor().Name()) == kind {
				return rpctypes.ErrGRPCPermissionDenied
			}
			return nil
		}
	}
	const deniedError = "Error: etcdserver: permission denied\n"
	tests := []struct {
		name   string
		refuse string
		args   []string
		want   ran
		kinds  []string
	}{
		{"no lease", grant, []string{"lock", "name"}, ran{1, "", deniedError}, []string{grant}},
		{"no lock", txn, []string{"lock", "name"}, ran{1, "", deniedError}, []string{grant, txn, revoke}},
		{"no lock for a command", txn, []string{"lock", "name", "true"}, ran{1, "", deniedError}, []string{grant, txn, revoke}},
		{"not to be read", lookup, []string{"lock", "name"}, ran{1, "", deniedError}, []string{grant, txn, lookup, revoke}},
		{"not given back", revoke, []string{"lock", "name", "true"},
			ran{1, "", "Error: not released, expires within 10s: etcdserver: permission denied\n"}, []string{grant, txn, revoke}},
		{"no candidate", txn, []string{"elect", "name", "me"}, ran{1, "", deniedError}, []string{grant, txn, revoke}},
		{"not to be watched", lookup, []string{"elect", "name", "-l"},
			ran{1, "", "Error: elect: observer lost: etcdserver: permission denied\n"}, []string{grant, lookup, lookup, revoke}},
		{"no such program", "", []string{"lock", "name", "no-such-program"},
			ran{1, "", "Error: exec: \"no-such-program\": executable file not found in $PATH\n"}, nil},
		{"can't be run", "", []string{"lock", "name", "./no-such-program"},
			ran{1, "", "Error: fork/exec ./no-such-program: no such file or directory\n"}, []string{grant, txn, revoke}},
		{"no arguments", "", []string{"lock", "-w", "yam"},
			ran{128, "", "Error: lock takes a lock name argument and an optional command to execute\n"}, nil},
		{"a bad format", "", []string{"lock", "name", "no-such-program", "-w", "yam"}, ran{4, "", badFormat}, nil},
		{"a bad format to lead in", "", []string{"elect", "name", "me", "-w", "yam"}, ran{4, "", badFormat}, nil},
		{"no election", "", []string{"elect", "-w", "yam"},
			ran{128, "", "Error: elect takes one election name argument and an optional proposal argument\n"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := locksmith(denied(tt.refuse))
			runner{endpoint: f.start(t)}.run(t, tt.args...).is(t, tt.want)
			wantKinds(t, f, tt.kinds...)
		})
	}
}

// An interrupt while others are before it ends the wait with upstream's words.
func TestWaitInterrupted(t *testing.T) {
	t.Parallel()
	other := &pb.RangeResponse{Header: fakeHeader(), Kvs: []*mvccpb.KeyValue{{Key: []byte("name/1"), CreateRevision: 1}}, Count: 1}
	for _, args := range [][]string{{"lock", "name"}, {"lock", "name", "true"}, {"elect", "name", "me"}} {
		ctx, interrupt := context.WithCancel(t.Context())
		f := locksmith(nil)
		free := f.answer
		f.answer = func(m proto.Message) (proto.Message, error) {
			switch m.(type) {
			case *pb.TxnRequest:
				held := &pb.ResponseOp{Response: &pb.ResponseOp_ResponseRange{ResponseRange: other}}
				put := &pb.ResponseOp{Response: &pb.ResponseOp_ResponsePut{ResponsePut: &pb.PutResponse{}}}
				return &pb.TxnResponse{Header: fakeHeader(), Succeeded: true, Responses: []*pb.ResponseOp{put, held}}, nil
			case *pb.RangeRequest:
				return other, nil
			}
			return free(m)
		}
		f.watch = func(context.Context, pb.Watch_WatchServer, *pb.WatchCreateRequest) error {
			interrupt()
			return nil
		}
		var out, errs lockedBuffer
		code := Main(ctx, cli.Streams{Out: &out, Err: &errs}, append([]string{"--endpoints", f.start(t)}, args...))
		ran{code, out.String(), errs.String()}.is(t, ran{1, "", "Error: context canceled\n"})
		// The library deletes its key without the command's knowledge.
		if got := kinds(f); !slices.Contains(got, revoke) {
			t.Errorf("%v: the server was asked %v, and no %s", args, got, revoke)
		}
	}
}

// If the server no longer knows a lease, the locks held by it are lost.
func TestLeaseLost(t *testing.T) {
	t.Parallel()
	lost := func(r *pb.LeaseKeepAliveRequest) (*pb.LeaseKeepAliveResponse, error) {
		return &pb.LeaseKeepAliveResponse{Header: fakeHeader(), ID: r.ID}, nil
	}
	for _, tt := range []struct {
		args   []string
		stderr string
	}{
		{[]string{"lock", "name"}, "Error: session expired\n"},
		{[]string{"elect", "name", "me"}, "Error: elect: session expired\n"},
	} {
		f := locksmith(func(m proto.Message) error {
			if _, ok := m.(*pb.LeaseRevokeRequest); ok {
				return rpctypes.ErrGRPCLeaseNotFound
			}
			return nil
		})
		f.keepAlive = lost
		var errs lockedBuffer
		code := Main(t.Context(), cli.Streams{Out: io.Discard, Err: &errs}, append([]string{"--endpoints", f.start(t)}, tt.args...))
		ran{code, "", errs.String()}.is(t, ran{1, "", tt.stderr})
	}
}
