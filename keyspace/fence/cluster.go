package fence

import (
	"context"
	"errors"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/keyspace/fence/fencekey"
)

// Cluster is a cluster on which fences can be made: a client that can also
// choose the id of a lease.
type Cluster struct{ *clientv3.Client }

// GrantID implements [Leases].
func (c Cluster) GrantID(ctx context.Context, id clientv3.LeaseID, ttl int64) (clientv3.LeaseID, error) {
	resp, err := clientv3.RetryLeaseClient(c.Client).LeaseGrant(ctx, &pb.LeaseGrantRequest{ID: int64(id), TTL: ttl})
	return clientv3.LeaseID(resp.GetID()), clientv3.ContextError(ctx, err)
}

// Fences returns the keys of all fences that exist now, except those that the
// user may not read. The leases of fences have ids of their own, so other leases
// cost nothing. A user who may not read the keys of all leases may not list
// leases, and gets rpctypes.ErrPermissionDenied.
func (c Cluster) Fences(ctx context.Context) ([]string, error) {
	list, err := c.Leases(ctx)
	if err != nil {
		return nil, err
	}
	var keys []string
	for _, lease := range list.Leases {
		if !fencekey.IsLease(int64(lease.ID)) {
			continue
		}
		resp, err := c.TimeToLive(ctx, lease.ID, clientv3.WithAttachedKeys())
		if errors.Is(err, rpctypes.ErrPermissionDenied) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, key := range resp.Keys {
			if fencekey.IsName(key) {
				keys = append(keys, string(key))
			}
		}
	}
	return keys, nil
}
