package cluster

import (
	"context"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// maintenance is the client's maintenance API on the connection that it has.
// The client's own would open a second one to the same endpoint.
func maintenance(c *clientv3.Client) clientv3.Maintenance {
	return clientv3.NewMaintenanceFromMaintenanceClient(clientv3.RetryMaintenanceClient(c, c.ActiveConnection()), c)
}

// Status asks an endpoint for its status.
func Status(ctx context.Context, c *clientv3.Client, endpoint string) (*pb.StatusResponse, error) {
	resp, err := maintenance(c).Status(ctx, endpoint)
	return (*pb.StatusResponse)(resp), err
}

// HashKV returns the question for an endpoint's hash of the keys up to a
// revision; 0 is the latest.
func HashKV(rev int64) Question[*pb.HashKVResponse] {
	return func(ctx context.Context, c *clientv3.Client, endpoint string) (*pb.HashKVResponse, error) {
		resp, err := maintenance(c).HashKV(ctx, endpoint, rev)
		return (*pb.HashKVResponse)(resp), err
	}
}

// Defragment returns the question that makes an endpoint defragment its
// storage, and returns how long it took by the given clock.
func Defragment(now func() time.Time) Question[time.Duration] {
	return func(ctx context.Context, c *clientv3.Client, endpoint string) (time.Duration, error) {
		start := now()
		_, err := maintenance(c).Defragment(ctx, endpoint)
		return now().Sub(start), err
	}
}

// MoveLeader returns the question that makes the leader hand the lead over to the
// member with an id.
func MoveLeader(to uint64) Question[*clientv3.MoveLeaderResponse] {
	return func(ctx context.Context, c *clientv3.Client, _ string) (*clientv3.MoveLeaderResponse, error) {
		return maintenance(c).MoveLeader(ctx, to)
	}
}
