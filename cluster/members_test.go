package cluster

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

func TestTargets(t *testing.T) {
	t.Parallel()
	urls := func(n int) []string { return make([]string, n) }
	members := func(n int) []*pb.Member {
		return slices.Repeat([]*pb.Member{{ID: 7, ClientURLs: urls(2)}, {ID: 8}}, n/2)
	}
	for _, tt := range []struct {
		name    string
		members []*pb.Member
		want    int
		err     string
	}{
		{"none", nil, 0, ""},
		{"the most", members(maxMembers), maxMembers / 2, ""},
		{"too many", members(maxMembers + 2), 0,
			"the server lists 1002 members, more than the 1000 that are believed: check that the endpoint is an etcd server"},
		{"too many URLs", []*pb.Member{{ID: 0xab, ClientURLs: urls(maxURLs + 1)}}, 0,
			"the server lists 101 client URLs of member ab, more than the 100 that are believed: check that the endpoint is an etcd server"},
	} {
		targets, ids, err := Targets(tt.members)
		text := ""
		if err != nil {
			text = err.Error()
		}
		if len(targets) != tt.want || len(ids) != tt.want || text != tt.err {
			t.Errorf("%s: %d targets, %d ids, error %q", tt.name, len(targets), len(ids), text)
		}
	}
}

// lister answers lists of members.
type lister struct {
	clientv3.Cluster
	quorum, own func(context.Context) error
}

func (l lister) MemberList(ctx context.Context, opts ...clientv3.OpOption) (*clientv3.MemberListResponse, error) {
	answer := l.quorum
	if len(opts) > 0 {
		answer = l.own
	}
	if err := answer(ctx); err != nil {
		return nil, err
	}
	return &clientv3.MemberListResponse{Members: []*pb.Member{{ID: uint64(len(opts))}}}, nil
}

// Without a quorum the list is that of the member which answers.
func TestMembers(t *testing.T) {
	t.Parallel()
	fails := func(err error) func(context.Context) error { return func(context.Context) error { return err } }
	silent := func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}
	for _, tt := range []struct {
		name        string
		quorum, own func(context.Context) error
		stale       bool
		err         error
		took        time.Duration
	}{
		{"a quorum", fails(nil), fails(nil), false, nil, 0},
		{"no quorum", silent, fails(nil), true, nil, time.Second},
		{"no leader", fails(rpctypes.ErrNoLeader), fails(nil), true, nil, 0},
		{"a timeout of the server", fails(rpctypes.ErrTimeout), fails(nil), true, nil, 0},
		{"a refusal", fails(rpctypes.ErrPermissionDenied), fails(nil), false, rpctypes.ErrPermissionDenied, 0},
		{"no answer at all", silent, silent, false, context.DeadlineExceeded, 2 * time.Second},
		{"the first error counts", fails(rpctypes.ErrNoLeader), fails(rpctypes.ErrAuthFailed), false, rpctypes.ErrNoLeader, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			list, err := Members(t.Context(), lister{quorum: tt.quorum, own: tt.own}, time.Second)
			if !errors.Is(err, tt.err) || (list.Stale != nil) != tt.stale || time.Since(start) != tt.took {
				t.Errorf("%s: stale %v, error %v, after %v", tt.name, list.Stale, err, time.Since(start))
			}
			if err == nil && (list.Members[0].GetID() == 1) != tt.stale {
				t.Errorf("%s: the wrong list", tt.name)
			}
		})
	}
}
