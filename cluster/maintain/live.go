package maintain

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/cluster"
)

// Live is the cluster of some endpoints.
type Live struct {
	Ask       cluster.Dialer // for questions; its timeout is short
	Tell      cluster.Dialer // for what takes as long as it takes
	Endpoints []string
	Now       func() time.Time

	known []string // client URLs of the members, once they are known
}

// Observe implements [Cluster]. The member list is the quorum's.
func (l *Live) Observe(ctx context.Context) (*State, error) {
	list, err := anyone(ctx, l, l.Ask, func(ctx context.Context, c *clientv3.Client, _ string) (*clientv3.MemberListResponse, error) {
		return c.MemberList(ctx)
	})
	if err != nil {
		return nil, fmt.Errorf("list the members: %w", err)
	}
	targets, ids, err := cluster.Targets(list.Members)
	if err != nil {
		return nil, err
	}
	s, at := &State{}, make(map[uint64]cluster.StatusAnswer)
	for i, got := range cluster.Ask(ctx, l.Ask, targets, cluster.Status) {
		at[ids[i]] = got
	}
	l.known = nil
	for _, m := range list.Members {
		got, has := at[m.GetID()]
		one := Member{ID: m.GetID(), Name: cluster.Name(m), Learner: m.GetIsLearner(), Endpoint: got.Endpoint, Status: got.Value, Err: got.Err}
		switch answered := got.Value.GetHeader().GetMemberId(); {
		case !has:
			one.Err = errors.New("it was never started")
		case got.Err != nil:
			one.Status = nil
		case answered != m.GetID():
			one.Status, one.Err = nil, fmt.Errorf("member %x answers at %s: is it a load balancer?", answered, got.Endpoint)
		default:
			l.known = append(l.known, got.Endpoint)
		}
		s.Members = append(s.Members, one)
	}
	return s, nil
}

// anyone asks the members one after another, then the endpoints, until one
// answers. The error is that of the first.
func anyone[T any](ctx context.Context, l *Live, d cluster.Dialer, q cluster.Question[T]) (T, error) {
	var first error
	for _, endpoint := range append(append([]string(nil), l.known...), l.Endpoints...) {
		got := cluster.AskOne(ctx, d, cluster.Target{endpoint}, q)
		if got.Err == nil {
			return got.Value, nil
		}
		first = cmp.Or(first, got.Err)
	}
	return *new(T), cmp.Or(first, errors.New("there is no endpoint"))
}

// Defragment implements [Cluster].
func (l *Live) Defragment(ctx context.Context, m *Member) (time.Duration, error) {
	got := cluster.AskOne(ctx, l.Tell, cluster.Target{m.Endpoint}, cluster.Defragment(l.Now))
	return got.Value, got.Err
}

// MoveLeader implements [Cluster].
func (l *Live) MoveLeader(ctx context.Context, from, to *Member) error {
	return cluster.AskOne(ctx, l.Ask, cluster.Target{from.Endpoint}, cluster.MoveLeader(to.ID)).Err
}
