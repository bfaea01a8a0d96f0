package ctl

import (
	"context"
	"errors"
	"sync"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/commands/cli"
	"etcdkit/commands/conn"
	"etcdkit/keyspace/bulk"
	"etcdkit/keyspace/retry"
)

// records reads what a cluster stores besides keys, each request within
// --command-timeout. It implements read.Cluster.
type records struct {
	app    *app
	client *conn.Client
	retry  *retry.Retrier
}

func newRecords(a *app, c *conn.Client) records {
	return records{a, c, &retry.Retrier{Timeout: a.conn.Timeout(), Patience: 2 * a.conn.Timeout(), Explain: c.Explain}}
}

// request makes a request.
func request[T any](ctx context.Context, r records, do func(context.Context) (T, error)) (T, error) {
	ctx, cancel := r.app.limit(ctx)
	defer cancel()
	resp, err := do(ctx)
	return resp, r.client.Explain(err)
}

// Leases implements read.Leases.
func (r records) Leases(ctx context.Context) (*etcdserverpb.LeaseLeasesResponse, error) {
	resp, err := request(ctx, r, r.client.Leases)
	if err != nil {
		return nil, cli.Exit(cli.BadConnection, err)
	}
	all := &etcdserverpb.LeaseLeasesResponse{Header: resp.ResponseHeader}
	for _, l := range resp.Leases {
		all.Leases = append(all.Leases, &etcdserverpb.LeaseStatus{ID: int64(l.ID)})
	}
	return all, nil
}

// TimeToLive implements read.Leases.
func (r records) TimeToLive(ctx context.Context, what *etcdserverpb.LeaseTimeToLiveRequest) (*etcdserverpb.LeaseTimeToLiveResponse, error) {
	var opts []clientv3.LeaseOption
	if what.GetKeys() {
		opts = append(opts, clientv3.WithAttachedKeys())
	}
	resp, err := request(ctx, r, func(ctx context.Context) (*clientv3.LeaseTimeToLiveResponse, error) {
		return r.client.TimeToLive(ctx, clientv3.LeaseID(what.GetID()), opts...)
	})
	if err != nil {
		return nil, cli.Exit(cli.BadConnection, err)
	}
	return &etcdserverpb.LeaseTimeToLiveResponse{
		Header: resp.ResponseHeader, ID: int64(resp.ID), TTL: resp.TTL, GrantedTTL: resp.GrantedTTL, Keys: resp.Keys,
	}, nil
}

// Users implements read.Users.
func (r records) Users(ctx context.Context) (*etcdserverpb.AuthUserListResponse, error) {
	resp, err := request(ctx, r, r.client.UserList)
	return (*etcdserverpb.AuthUserListResponse)(resp), err
}

// User implements read.Users.
func (r records) User(ctx context.Context, name string) (*etcdserverpb.AuthUserGetResponse, error) {
	resp, err := request(ctx, r, func(ctx context.Context) (*clientv3.AuthUserGetResponse, error) { return r.client.UserGet(ctx, name) })
	return (*etcdserverpb.AuthUserGetResponse)(resp), err
}

// Roles implements read.Roles.
func (r records) Roles(ctx context.Context) (*etcdserverpb.AuthRoleListResponse, error) {
	resp, err := request(ctx, r, r.client.RoleList)
	return (*etcdserverpb.AuthRoleListResponse)(resp), err
}

// Role implements read.Roles.
func (r records) Role(ctx context.Context, name string) (*etcdserverpb.AuthRoleGetResponse, error) {
	resp, err := request(ctx, r, func(ctx context.Context) (*clientv3.AuthRoleGetResponse, error) { return r.client.RoleGet(ctx, name) })
	return (*etcdserverpb.AuthRoleGetResponse)(resp), err
}

// Members implements read.Members.
func (r records) Members(ctx context.Context, consistency string) (*etcdserverpb.MemberListResponse, error) {
	if consistency == "" && !r.app.curl {
		list, err := listMembers(ctx, r.app, r.client)
		return (*etcdserverpb.MemberListResponse)(list.MemberListResponse), err
	}
	var opts []clientv3.OpOption
	if consistency == "s" {
		opts = append(opts, clientv3.WithSerializable())
	}
	resp, err := request(ctx, r, func(ctx context.Context) (*clientv3.MemberListResponse, error) {
		return r.client.MemberList(ctx, opts...)
	})
	return (*etcdserverpb.MemberListResponse)(resp), err
}

// Alarms implements read.Alarms.
func (r records) Alarms(ctx context.Context) (*etcdserverpb.AlarmResponse, error) {
	resp, err := request(ctx, r, r.client.AlarmList)
	return (*etcdserverpb.AlarmResponse)(resp), err
}

// AuthStatus implements read.Alarms.
func (r records) AuthStatus(ctx context.Context) (*etcdserverpb.AuthStatusResponse, error) {
	resp, err := request(ctx, r, r.client.AuthStatus)
	return (*etcdserverpb.AuthStatusResponse)(resp), err
}

// leaseCalls is how many leases are looked up at a time.
const leaseCalls = 16

// SecondsLeft looks up leases side by side. One that has ended has a second left:
// it takes its keys with it.
func (r records) SecondsLeft(ctx context.Context, ids []int64) (map[int64]int64, error) {
	return sideBySide(ctx, ids, func(ctx context.Context, id int64) (int64, error) {
		left, err := bulk.SecondsLeft(ctx, r.client, r.retry, clientv3.LeaseID(id))
		return max(1, left), err
	})
}

// Details implements read.Leases.
func (r records) Details(ctx context.Context, ids []int64) (map[int64]*etcdserverpb.LeaseTimeToLiveResponse, error) {
	return sideBySide(ctx, ids, func(ctx context.Context, id int64) (*etcdserverpb.LeaseTimeToLiveResponse, error) {
		resp, err := r.TimeToLive(ctx, &etcdserverpb.LeaseTimeToLiveRequest{ID: id, Keys: true})
		switch {
		case errors.Is(err, rpctypes.ErrPermissionDenied):
			return r.TimeToLive(ctx, &etcdserverpb.LeaseTimeToLiveRequest{ID: id})
		case err == nil && resp.Keys == nil:
			resp.Keys = [][]byte{}
		}
		return resp, err
	})
}

// sideBySide calls do for each lease, several at a time, and returns the results
// by id, or the first error.
func sideBySide[T any](ctx context.Context, ids []int64, do func(context.Context, int64) (T, error)) (map[int64]T, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var mu sync.Mutex
	var calls sync.WaitGroup
	all, free := make(map[int64]T), make(chan struct{}, leaseCalls)
	for _, id := range ids {
		free <- struct{}{}
		calls.Go(func() {
			defer func() { <-free }()
			v, err := do(ctx, id)
			if err != nil {
				cancel(err)
			}
			mu.Lock()
			defer mu.Unlock()
			all[id] = v
		})
	}
	calls.Wait()
	return all, context.Cause(ctx)
}
