package bulk

import (
	"context"

	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/keyspace/retry"
)

// SecondsLeft asks a cluster for the time that a lease has left, -1 if it has
// ended. The server rounds down, by which a copy of the lease would end too
// early.
func SecondsLeft(ctx context.Context, c clientv3.Lease, r *retry.Retrier, id clientv3.LeaseID) (int64, error) {
	var resp *clientv3.LeaseTimeToLiveResponse
	err := r.Do(ctx, func(ctx context.Context) (err error) {
		resp, err = c.TimeToLive(ctx, id)
		return err
	})
	if err != nil || resp.TTL < 0 {
		return -1, err
	}
	return min(resp.TTL+1, resp.GrantedTTL), nil
}
