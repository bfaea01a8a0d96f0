package offline

import (
	"context"

	"go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/snapshot"
)

// lease is a leasepb.Lease.
type lease struct{ id, granted, remaining int64 }

// left returns the seconds that a lease has left, as far as the file says: those
// of the last checkpoint, or all.
func (l lease) left() int64 {
	if l.remaining > 0 {
		return l.remaining
	}
	return l.granted
}

func (c *Cluster) leases(ctx context.Context) (all []lease, _ error) {
	stored, err := c.file.Leases(ctx)
	for _, l := range stored {
		all = append(all, lease{l.ID, l.TTL, l.Remaining})
	}
	return all, err
}

// Leases lists all leases by id.
func (c *Cluster) Leases(ctx context.Context) (*etcdserverpb.LeaseLeasesResponse, error) {
	h, err := c.header(ctx)
	if err != nil {
		return nil, err
	}
	leases, err := c.leases(ctx)
	resp := &etcdserverpb.LeaseLeasesResponse{Header: h}
	for _, l := range leases {
		resp.Leases = append(resp.Leases, &etcdserverpb.LeaseStatus{ID: l.id})
	}
	return resp, err
}

// TimeToLive describes a lease. What it has left is what the file says: the time
// that it was granted, or that it had at its last checkpoint.
func (c *Cluster) TimeToLive(ctx context.Context, r *etcdserverpb.LeaseTimeToLiveRequest) (*etcdserverpb.LeaseTimeToLiveResponse, error) {
	all, err := c.describe(ctx, []int64{r.GetID()})
	if err != nil {
		return nil, err
	}
	resp := all[r.GetID()]
	if r.GetKeys() && resp.GrantedTTL > 0 {
		err = c.attach(ctx, all)
	}
	return resp, err
}

// Details describes leases with their keys, by id.
func (c *Cluster) Details(ctx context.Context, ids []int64) (map[int64]*etcdserverpb.LeaseTimeToLiveResponse, error) {
	all, err := c.describe(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, l := range all {
		l.Keys = [][]byte{}
	}
	return all, c.attach(ctx, all)
}

// describe describes leases without their keys.
func (c *Cluster) describe(ctx context.Context, ids []int64) (map[int64]*etcdserverpb.LeaseTimeToLiveResponse, error) {
	h, err := c.header(ctx)
	if err != nil {
		return nil, err
	}
	leases, err := c.leases(ctx)
	all := make(map[int64]*etcdserverpb.LeaseTimeToLiveResponse, len(ids))
	for _, id := range ids {
		all[id] = &etcdserverpb.LeaseTimeToLiveResponse{Header: h, ID: id, TTL: -1}
	}
	for _, l := range leases {
		if r := all[l.id]; r != nil {
			r.TTL, r.GrantedTTL = l.left(), l.granted
		}
	}
	return all, err
}

// attach adds the keys of the leases, in one pass.
func (c *Cluster) attach(ctx context.Context, all map[int64]*etcdserverpb.LeaseTimeToLiveResponse) error {
	for kv, err := range c.Store.Keys(ctx, 0, snapshot.Range{KeysOnly: true}) {
		if err != nil {
			return err
		}
		if r := all[kv.GetLease()]; r != nil && kv.GetLease() != 0 {
			r.Keys = append(r.Keys, kv.GetKey())
		}
	}
	return nil
}

// SecondsLeft returns how many seconds each of the leases has left, by id, at
// least 1.
func (c *Cluster) SecondsLeft(ctx context.Context, ids []int64) (map[int64]int64, error) {
	leases, err := c.leases(ctx)
	all := make(map[int64]int64, len(ids))
	for _, id := range ids {
		all[id] = 1
	}
	for _, l := range leases {
		if _, asked := all[l.id]; asked {
			all[l.id] = max(1, l.left())
		}
	}
	return all, err
}
