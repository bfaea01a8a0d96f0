package ctl

import (
	"context"
	"fmt"
	"io"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/commands/conn"
)

// voters is how many members vote, and how many of them are there to do so.
type voters struct {
	all, present int
}

// quorum is how many have to be there for anything to be written.
func (v voters) quorum() int { return v.all/2 + 1 }

// shortfall says that those that are up can't write anything, or nothing.
func (v voters) shortfall() string {
	if v.present >= v.quorum() {
		return ""
	}
	are := "are"
	if v.present == 1 {
		are = "is"
	}
	return fmt.Sprintf("%d of %d voting members must be up for anything to be written, and %d %s", v.quorum(), v.all, v.present, are)
}

// warnAdd returns what to say before one more voter is added, which is not up
// until it has joined.
func (v voters) warnAdd() string {
	why := voters{v.all + 1, v.present}.shortfall()
	if why == "" {
		return ""
	}
	return "Warning: with the new member " + why + ", until it has joined (--learner adds it without a vote)"
}

// warnRemove returns what to say before a voter is removed, which may be up.
func (v voters) warnRemove(m *etcdserverpb.Member, up map[uint64]bool) string {
	after := voters{v.all - 1, v.present}
	if up[m.GetID()] {
		after.present--
	}
	if after.all == 0 {
		return "Warning: " + called(m) + " is the last voting member"
	}
	why := after.shortfall()
	if why == "" {
		return ""
	}
	return "Warning: without " + called(m) + ", " + why
}

// turnout tells which members are up, as far as can be seen from here. Where
// not even the one that answers is found at the addresses that it tells clients,
// those say nothing, and who was ever started counts as up.
func turnout(ctx context.Context, a *app, d *conn.Dialer, list *clientv3.MemberListResponse) map[uint64]bool {
	var targets []target
	var ids []uint64
	started := map[uint64]bool{}
	for _, m := range list.Members {
		if started[m.GetID()] = m.GetName() != ""; len(m.GetClientURLs()) > 0 {
			targets = append(targets, m.GetClientURLs())
			ids = append(ids, m.GetID())
		}
	}
	up := map[uint64]bool{}
	for i, got := range probe(ctx, a, d, targets) {
		up[ids[i]] = got.err == nil || !unavailable(got.err)
	}
	if !up[list.Header.GetMemberId()] {
		return started
	}
	return up
}

// countVoters returns those of the members who vote.
func countVoters(members []*etcdserverpb.Member, up map[uint64]bool) voters {
	var v voters
	for _, m := range members {
		if m.GetIsLearner() {
			continue
		}
		v.all++
		if up[m.GetID()] {
			v.present++
		}
	}
	return v
}

// caution prints a warning, if there is one.
func caution(w io.Writer, warning string) {
	if warning != "" {
		fmt.Fprintln(w, warning)
	}
}
