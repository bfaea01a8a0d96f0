package cluster

import (
	"context"
	"fmt"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// Voters are the voting members of a cluster.
type Voters struct {
	All, Up int
}

// CountVoters counts the members that vote. up has the ids of those that are
// up.
func CountVoters(members []*pb.Member, up map[uint64]bool) Voters {
	var v Voters
	for _, m := range members {
		if m.GetIsLearner() {
			continue
		}
		v.All++
		if up[m.GetID()] {
			v.Up++
		}
	}
	return v
}

// Quorum is the number of members that have to be up for writes to succeed.
func (v Voters) Quorum() int { return v.All/2 + 1 }

// WithOneMore is v after a member was added that has not joined yet.
func (v Voters) WithOneMore() Voters { return Voters{v.All + 1, v.Up} }

// Shortfall says that the voters that are up can't write anything. It is empty
// if they can.
func (v Voters) Shortfall() string {
	if v.Up >= v.Quorum() {
		return ""
	}
	are := "are"
	if v.Up == 1 {
		are = "is"
	}
	return fmt.Sprintf("%d of %d voting members must be up for anything to be written, and %d %s", v.Quorum(), v.All, v.Up, are)
}

// Up returns the ids of the members that are up, as far as can be seen from
// here. If not even the member that sent the list can be reached at the URLs it
// advertises, the URLs say nothing, and every member that was ever started counts
// as up.
func Up(ctx context.Context, d Dialer, list *clientv3.MemberListResponse) map[uint64]bool {
	started := map[uint64]bool{}
	for _, m := range list.Members {
		started[m.GetID()] = m.GetName() != ""
	}
	targets, ids, err := Targets(list.Members)
	if err != nil {
		return started
	}
	up := map[uint64]bool{}
	for i, got := range Probe(ctx, d, targets) {
		up[ids[i]] = got.Err == nil || !Unavailable(got.Err)
	}
	if !up[list.Header.GetMemberId()] {
		return started
	}
	return up
}
