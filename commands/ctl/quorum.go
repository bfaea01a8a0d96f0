package ctl

import (
	"context"
	"fmt"

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

// warnAdd returns what to say before one more voter is added, which is not
// there until it is started.
func (v voters) warnAdd() string {
	after := voters{v.all + 1, v.present}
	if after.present >= after.quorum() {
		return ""
	}
	return fmt.Sprintf("Warning: of %s %d must be up for anything to be written, and only %s now: the cluster stands still "+
		"until the new member has joined. With --learner it gets its vote later.",
		count(after.all, "voting member"), after.quorum(), areUp(after.present))
}

// warnRemove returns what to say before a voter is removed.
func (v voters) warnRemove(name string, up bool) string {
	after := voters{v.all - 1, v.present}
	if up {
		after.present--
	}
	if after.present >= after.quorum() {
		return ""
	}
	return fmt.Sprintf("Warning: without %s there are %s, of which %d must be up for anything to be written, and only %s now.",
		name, count(after.all, "voting member"), after.quorum(), areUp(after.present))
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
func (a *app) caution(warning string) {
	if warning != "" {
		fmt.Fprintln(a.Err, warning)
	}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func areUp(n int) string {
	switch n {
	case 0:
		return "none is"
	case 1:
		return "1 is"
	}
	return fmt.Sprintf("%d are", n)
}
