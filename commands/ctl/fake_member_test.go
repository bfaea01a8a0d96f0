package ctl

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"

	"etcdkit/commands/cli"
	"etcdkit/commands/conn/conntest"
)

// fakeMember is a member of a cluster, on loopback, with the services, other
// than those for keys, that the tests of the member, endpoint and snapshot
// commands need. A call whose function is nil is not implemented.
type fakeMember struct {
	pb.UnimplementedKVServer
	pb.UnimplementedMaintenanceServer
	pb.UnimplementedClusterServer
	pb.UnimplementedAuthServer

	endpoint string
	asked    atomic.Int32 // calls of every kind but authenticate

	authenticate  func(*pb.AuthenticateRequest) (*pb.AuthenticateResponse, error)
	get           func(*pb.RangeRequest) (*pb.RangeResponse, error)
	alarm         func(*pb.AlarmRequest) (*pb.AlarmResponse, error)
	status        func(*pb.StatusRequest) (*pb.StatusResponse, error)
	hashKV        func(*pb.HashKVRequest) (*pb.HashKVResponse, error)
	snapshot      func(pb.Maintenance_SnapshotServer) error
	defragment    func(*pb.DefragmentRequest) (*pb.DefragmentResponse, error)
	moveLeader    func(*pb.MoveLeaderRequest) (*pb.MoveLeaderResponse, error)
	downgrade     func(*pb.DowngradeRequest) (*pb.DowngradeResponse, error)
	memberList    func(*pb.MemberListRequest) (*pb.MemberListResponse, error)
	memberAdd     func(*pb.MemberAddRequest) (*pb.MemberAddResponse, error)
	memberRemove  func(*pb.MemberRemoveRequest) (*pb.MemberRemoveResponse, error)
	memberUpdate  func(*pb.MemberUpdateRequest) (*pb.MemberUpdateResponse, error)
	memberPromote func(*pb.MemberPromoteRequest) (*pb.MemberPromoteResponse, error)
}

// start serves until the test ends.
func (f *fakeMember) start(t *testing.T) *fakeMember {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return f.on(t, l, l.Addr().String())
}

// at serves on a network in memory until the test ends.
func (f *fakeMember) at(t *testing.T, n *conntest.Network, endpoint string) *fakeMember {
	t.Helper()
	return f.on(t, n.Listen(t, endpoint), endpoint)
}

func (f *fakeMember) on(t *testing.T, l net.Listener, endpoint string) *fakeMember {
	t.Helper()
	f.endpoint = endpoint
	s := grpc.NewServer()
	pb.RegisterKVServer(s, f)
	pb.RegisterMaintenanceServer(s, f)
	pb.RegisterClusterServer(s, f)
	pb.RegisterAuthServer(s, f)
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		s.Stop()
		// A test that never dials can be done before Serve has begun.
		if err := <-served; err != nil && !errors.Is(err, grpc.ErrServerStopped) {
			t.Errorf("fake member: %v", err)
		}
	})
	return f
}

// answered calls a test's function for a call, or the default.
func answered[Q, A any](ctx context.Context, q Q, given func(Q) (A, error), otherwise func(context.Context, Q) (A, error)) (A, error) {
	if given == nil {
		return otherwise(ctx, q)
	}
	return given(q)
}

func (f *fakeMember) Authenticate(ctx context.Context, r *pb.AuthenticateRequest) (*pb.AuthenticateResponse, error) {
	return answered(ctx, r, f.authenticate, f.UnimplementedAuthServer.Authenticate)
}

func (f *fakeMember) Range(ctx context.Context, r *pb.RangeRequest) (*pb.RangeResponse, error) {
	f.asked.Add(1)
	return answered(ctx, r, f.get, f.UnimplementedKVServer.Range)
}

func (f *fakeMember) Alarm(ctx context.Context, r *pb.AlarmRequest) (*pb.AlarmResponse, error) {
	f.asked.Add(1)
	return answered(ctx, r, f.alarm, f.UnimplementedMaintenanceServer.Alarm)
}

func (f *fakeMember) Status(ctx context.Context, r *pb.StatusRequest) (*pb.StatusResponse, error) {
	f.asked.Add(1)
	return answered(ctx, r, f.status, f.UnimplementedMaintenanceServer.Status)
}

func (f *fakeMember) HashKV(ctx context.Context, r *pb.HashKVRequest) (*pb.HashKVResponse, error) {
	f.asked.Add(1)
	return answered(ctx, r, f.hashKV, f.UnimplementedMaintenanceServer.HashKV)
}

func (f *fakeMember) Snapshot(r *pb.SnapshotRequest, s pb.Maintenance_SnapshotServer) error {
	f.asked.Add(1)
	if f.snapshot == nil {
		return f.UnimplementedMaintenanceServer.Snapshot(r, s)
	}
	return f.snapshot(s)
}

func (f *fakeMember) Defragment(ctx context.Context, r *pb.DefragmentRequest) (*pb.DefragmentResponse, error) {
	f.asked.Add(1)
	return answered(ctx, r, f.defragment, f.UnimplementedMaintenanceServer.Defragment)
}

func (f *fakeMember) MoveLeader(ctx context.Context, r *pb.MoveLeaderRequest) (*pb.MoveLeaderResponse, error) {
	f.asked.Add(1)
	return answered(ctx, r, f.moveLeader, f.UnimplementedMaintenanceServer.MoveLeader)
}

func (f *fakeMember) Downgrade(ctx context.Context, r *pb.DowngradeRequest) (*pb.DowngradeResponse, error) {
	f.asked.Add(1)
	return answered(ctx, r, f.downgrade, f.UnimplementedMaintenanceServer.Downgrade)
}

func (f *fakeMember) MemberList(ctx context.Context, r *pb.MemberListRequest) (*pb.MemberListResponse, error) {
	f.asked.Add(1)
	return answered(ctx, r, f.memberList, f.UnimplementedClusterServer.MemberList)
}

func (f *fakeMember) MemberAdd(ctx context.Context, r *pb.MemberAddRequest) (*pb.MemberAddResponse, error) {
	f.asked.Add(1)
	return answered(ctx, r, f.memberAdd, f.UnimplementedClusterServer.MemberAdd)
}

func (f *fakeMember) MemberRemove(ctx context.Context, r *pb.MemberRemoveRequest) (*pb.MemberRemoveResponse, error) {
	f.asked.Add(1)
	return answered(ctx, r, f.memberRemove, f.UnimplementedClusterServer.MemberRemove)
}

func (f *fakeMember) MemberUpdate(ctx context.Context, r *pb.MemberUpdateRequest) (*pb.MemberUpdateResponse, error) {
	f.asked.Add(1)
	return answered(ctx, r, f.memberUpdate, f.UnimplementedClusterServer.MemberUpdate)
}

func (f *fakeMember) MemberPromote(ctx context.Context, r *pb.MemberPromoteRequest) (*pb.MemberPromoteResponse, error) {
	f.asked.Add(1)
	return answered(ctx, r, f.memberPromote, f.UnimplementedClusterServer.MemberPromote)
}

// refusing is an endpoint where nothing listens, and nothing will until the test
// ends: a connection to elsewhere has the port.
func refusing(t *testing.T) string {
	t.Helper()
	conn, err := net.Dial("tcp", silent(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn.LocalAddr().String()
}

// silent is an endpoint that takes connections and says nothing.
func silent(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

// commandLine is a run of etcdctl in this process, in which no time passes.
type commandLine struct {
	ctx  context.Context   // the test's where nil
	net  *conntest.Network // the machine's where nil
	env  []string
	args []string
}

func (c commandLine) run(t *testing.T) outcome {
	t.Helper()
	if c.ctx == nil {
		c.ctx = t.Context()
	}
	var stdout, stderr strings.Builder
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	s := cli.Streams{In: strings.NewReader(""), Out: &stdout, Err: &stderr, Env: c.env, Now: func() time.Time { return at }}
	if c.net != nil {
		s.Dial = c.net.Dial
	}
	code := Main(c.ctx, s, c.args)
	return outcome{code, stdout.String(), stderr.String()}
}

func etcdctl(t *testing.T, args ...string) outcome {
	t.Helper()
	return commandLine{args: args}.run(t)
}

// outcome is the result of a command line.
type outcome struct {
	code           cli.Code
	stdout, stderr string
}

// want fails the test where o is anything else.
func (o outcome) want(t *testing.T, code cli.Code, stdout, stderr string) {
	t.Helper()
	if want := (outcome{code, stdout, stderr}); o != want {
		t.Errorf("got  %s\nwant %s", o, want)
	}
}

func (o outcome) String() string {
	return fmt.Sprintf("exit code %d\nstdout: %s\nstderr: %s", o.code, o.stdout, o.stderr)
}
