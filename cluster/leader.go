package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

// probeTime limits how long members are asked for their status before something
// is done to them.
const probeTime = time.Second

// A StatusAnswer is the answer of one target that was asked for its status.
type StatusAnswer = Answer[*pb.StatusResponse]

// Probe asks all targets for their status, for a short time.
func Probe(ctx context.Context, d Dialer, targets []Target) []StatusAnswer {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	return Ask(ctx, d, targets, Status)
}

// leads reports whether the answer comes from a member that believes it leads.
func leads(got StatusAnswer) bool {
	return got.Err == nil && got.Value.GetLeader() != 0 && got.Value.GetLeader() == got.Value.GetHeader().GetMemberId()
}

// Leader returns the index of the leader's answer, or -1 if none is. If two
// believe that they lead, it is the one of the later term.
func Leader(answers []StatusAnswer) int {
	leader := -1
	for i, got := range answers {
		if leads(got) && (leader < 0 || got.Value.GetRaftTerm() > answers[leader].Value.GetRaftTerm()) {
			leader = i
		}
	}
	return leader
}

// A NoLeaderError is the error of [FindLeader] if no leader can be asked. Why
// may be nil.
type NoLeaderError struct{ Why error }

func (e *NoLeaderError) Error() string {
	if e.Why == nil {
		return "no leader found"
	}
	return "no leader found: " + e.Why.Error()
}

func (e *NoLeaderError) Unwrap() error { return e.Why }

// FindLeader returns the answer of the leader: of the target that leads, or of
// the member that the targets name as their leader. If no target answers, the
// error is that of the first.
func FindLeader(ctx context.Context, d Dialer, targets []Target) (StatusAnswer, error) {
	answers := Ask(ctx, d, targets, Status)
	if i := Leader(answers); i >= 0 {
		return answers[i], nil
	}
	if len(answers) == 0 {
		return StatusAnswer{}, &NoLeaderError{}
	}
	follower := latest(answers)
	if follower == nil {
		return StatusAnswer{}, answers[0].Err
	}
	if follower.Value.GetLeader() == 0 {
		return StatusAnswer{}, &NoLeaderError{errors.New("the cluster has no leader now")}
	}
	leader, err := leaderThrough(ctx, d, *follower)
	if err != nil {
		return StatusAnswer{}, &NoLeaderError{err}
	}
	return leader, nil
}

// latest returns the answer with the highest term, or nil if none succeeded.
func latest(answers []StatusAnswer) *StatusAnswer {
	var found *StatusAnswer
	for i, got := range answers {
		if got.Err == nil && (found == nil || got.Value.GetRaftTerm() > found.Value.GetRaftTerm()) {
			found = &answers[i]
		}
	}
	return found
}

// leaderThrough returns the answer of the member that a follower believes
// leads.
func leaderThrough(ctx context.Context, d Dialer, follower StatusAnswer) (StatusAnswer, error) {
	list := AskOne(ctx, d, Target{follower.Endpoint}, Serializable)
	if list.Err != nil {
		return StatusAnswer{}, list.Err
	}
	for _, m := range list.Value.Members {
		if m.GetID() != follower.Value.GetLeader() || len(m.GetClientURLs()) == 0 {
			continue
		}
		got := AskOne(ctx, d, m.GetClientURLs(), Status)
		if got.Err == nil && !leads(got) {
			got.Err = errors.New("it has just lost the lead")
		}
		if got.Err != nil {
			return got, fmt.Errorf("%s leads: %w", Name(m), got.Err)
		}
		return got, nil
	}
	return StatusAnswer{}, fmt.Errorf("the leader, %x, has no client URL", follower.Value.GetLeader())
}
