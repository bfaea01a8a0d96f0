package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// promotePause is the time between two requests to promote a learner that is
// not in sync yet.
const promotePause = time.Second

// Pause waits. The end of ctx ends it, with its cause.
func Pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

// A Promotion waits until a learner is in sync with the leader.
type Promotion struct {
	Timeout time.Duration // of each request
	Wait    time.Duration // how long the learner is waited for; 0 is not at all
	Behind  func()        // called before each pause; may be nil
}

// Promote makes the learner with an id a voting member. While the learner is not
// in sync, the request is repeated until the wait is over.
func (p Promotion) Promote(ctx context.Context, c clientv3.Cluster, id uint64) (*clientv3.MemberPromoteResponse, error) {
	over := time.Now().Add(p.Wait)
	for {
		resp, err := p.once(ctx, c, id)
		if p.Wait == 0 || !errors.Is(err, rpctypes.ErrMemberLearnerNotReady) {
			return resp, err
		}
		if time.Now().Add(promotePause).After(over) {
			return nil, fmt.Errorf("%w: still not after %v", err, p.Wait)
		}
		if p.Behind != nil {
			p.Behind()
		}
		if err := Pause(ctx, promotePause); err != nil {
			return nil, err
		}
	}
}

func (p Promotion) once(ctx context.Context, c clientv3.Cluster, id uint64) (*clientv3.MemberPromoteResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, p.Timeout)
	defer cancel()
	return c.MemberPromote(ctx, id)
}

// Lag returns how many raft entries the member with an id has applied, and how
// many the leader has. ok is false if either does not answer.
func Lag(ctx context.Context, d Dialer, list *clientv3.MemberListResponse, id uint64) (applied, all uint64, ok bool) {
	targets, ids, err := Targets(list.Members)
	if err != nil {
		return 0, 0, false
	}
	answers := Probe(ctx, d, targets)
	leader := Leader(answers)
	for i, got := range answers {
		if ids[i] == id && got.Err == nil && leader >= 0 {
			return got.Value.GetRaftAppliedIndex(), answers[leader].Value.GetRaftIndex(), true
		}
	}
	return 0, 0, false
}
