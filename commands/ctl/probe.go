package ctl

import (
	"context"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/commands/conn"
)

// probeTime bounds how long members are asked how they are before something is
// done to them.
const probeTime = time.Second

// statusAnswer is what became of asking one target for its status.
type statusAnswer = answer[*etcdserverpb.StatusResponse]

// probe asks all targets for their status, for a short time.
func probe(ctx context.Context, a *app, d *conn.Dialer, targets []target) []statusAnswer {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	return askAll(ctx, a, d.FailFast(), targets, endpointStatus)
}

// leads tells whether the answer comes from a member that takes itself for the
// leader.
func leads(got statusAnswer) bool {
	return got.err == nil && got.value.GetLeader() != 0 && got.value.GetLeader() == got.value.GetHeader().GetMemberId()
}

// leaderOf returns the number of the answer that comes from the leader, or -1
// where none does. Of two that take themselves for it the one of the later term
// is.
func leaderOf(answers []statusAnswer) int {
	leader := -1
	for i, got := range answers {
		if leads(got) && (leader < 0 || got.value.GetRaftTerm() > answers[leader].value.GetRaftTerm()) {
			leader = i
		}
	}
	return leader
}
