package ctl

import (
	"sync/atomic"
	"testing"
	"testing/synctest"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"

	"etcdkit/commands/conn/conntest"
)

// livingLease answers n signs of life of a lease, and then that it is gone.
func livingLease(n int32) *kvServer {
	var answered atomic.Int32
	return &kvServer{keepAlive: func(r *pb.LeaseKeepAliveRequest) (*pb.LeaseKeepAliveResponse, error) {
		ttl := int64(0)
		if answered.Add(1) <= n {
			ttl = 1
		}
		return &pb.LeaseKeepAliveResponse{Header: fakeHeader(), ID: r.GetID(), TTL: ttl}, nil
	}}
}

func TestKeepAliveOnce(t *testing.T) {
	t.Parallel()
	const id = "7f"
	header := `{"cluster_id":1,"member_id":2,"revision":3,"raft_term":4,`
	r := runner{endpoint: livingLease(2).start(t)}
	r.run(t, "lease", "keep-alive", id, "--once").is(t, ran{out: "lease 000000000000007f keepalived with TTL(1)\n"})
	r.run(t, "lease", "keep-alive", "--once", id, "-w", "json").is(t, ran{out: header + `"ID":127,"TTL":1}` + "\n"})
	r.run(t, "lease", "keep-alive", "--once", id).is(t, ran{code: 2, err: "Error: etcdserver: requested lease not found\n"})
}

// A lease that no longer exists is not an error; only the simple format reports
// it.
func TestKeepAliveOfGoneLease(t *testing.T) {
	t.Parallel()
	for format, out := range map[string]string{
		"simple": "lease 000000000000007f expired or revoked.\n", "json": "", "fields": "", "protobuf": "", "table": "",
	} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			runner{endpoint: livingLease(0).start(t)}.run(t, "lease", "keep-alive", "7f", "-w", format).is(t, ran{out: out})
		})
	}
}

func TestKeepAliveUntilGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var loopback conntest.Network
		runner{endpoint: livingLease(2).at(t, &loopback, "a:1"), net: &loopback}.run(t, "lease", "keep-alive", "7f").
			is(t, ran{out: "lease 000000000000007f keepalived with TTL(1)\n" +
				"lease 000000000000007f keepalived with TTL(1)\nlease 000000000000007f expired or revoked.\n"})
	})
}

// A server that stops answering has not said that the lease has ended: upstream
// claims it has, and exits with 0.
func TestKeepAliveLosesServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		runner{endpoint: "a:1", net: new(conntest.Network)}.run(t, "lease", "keep-alive", "7f").
			is(t, ran{code: 2, err: "no connection: a:1: connection refused; retrying\n" +
				"Error: lease 000000000000007f is not kept alive: a:1: connection refused: context deadline exceeded\n"})
	})
}

// The answers may end although the lease lives; then it is renewed further.
func TestKeepAliveContinues(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	f := &kvServer{keepAlive: func(r *pb.LeaseKeepAliveRequest) (*pb.LeaseKeepAliveResponse, error) {
		ttl := []int64{0, 5, 6, 0}[min(asked.Add(1)-1, 3)] // gone, it seems; then not; in the end it is
		if ttl == 6 {
			return nil, rpctypes.ErrGRPCNoLeader // ends the stream
		}
		return &pb.LeaseKeepAliveResponse{Header: fakeHeader(), ID: r.GetID(), TTL: ttl}, nil
	}}
	synctest.Test(t, func(t *testing.T) {
		var loopback conntest.Network
		runner{endpoint: f.at(t, &loopback, "a:1"), net: &loopback}.run(t, "lease", "keep-alive", "7f").
			is(t, ran{out: "lease 000000000000007f keepalived with TTL(5)\nlease 000000000000007f expired or revoked.\n"})
	})
}
