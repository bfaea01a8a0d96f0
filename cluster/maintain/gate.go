package maintain

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/cluster"
)

// ErrCorrupt is why nothing is done to a cluster in which a member has raised the
// alarm CORRUPT.
var ErrCorrupt = errors.New("the alarm CORRUPT is raised: find the member that differs with \"etcdctl check consistency\", replace it, and disarm the alarm")

// gatePause is the time between two looks at a cluster that does not pass a gate
// yet.
const gatePause = 200 * time.Millisecond

// A Gate is the condition under which a member may be taken out of service for a
// while. There is one leader that all agree on, no alarm CORRUPT, and the voting
// members that are up have applied all that was committed when the gate was
// reached; without the member they are still a quorum. A cluster of one or two
// voting members has no quorum without one of them: there, all must be up.
// Learners have no say.
type Gate struct {
	Without uint64        // the member that is about to stop answering; 0 is none
	Must    []uint64      // members that have to be up and caught up, whatever the others are
	Wait    time.Duration // how long the condition is waited for
}

// Pass returns the state in which the cluster passed the gate. The error is the
// condition that was not met when the time was over. CORRUPT is not waited for.
func (g Gate) Pass(ctx context.Context, c Cluster) (*State, error) {
	over, index := time.Now().Add(g.Wait), uint64(0)
	for {
		s, err := c.Observe(ctx)
		if err == nil {
			if index == 0 {
				index = s.Leader().committed()
			}
			if err = g.Check(s, index); err == nil {
				return s, nil
			}
		}
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case errors.Is(err, ErrCorrupt):
			return nil, err
		case !time.Now().Add(gatePause).Before(over):
			return nil, fmt.Errorf("%w (waited %v)", err, g.Wait)
		}
		if err := cluster.Pause(ctx, gatePause); err != nil {
			return nil, err
		}
	}
}

// committed is the index up to which a leader has committed.
func (m *Member) committed() uint64 {
	if m == nil {
		return 0
	}
	return m.Status.GetRaftIndex()
}

// Check returns why the cluster does not pass the gate now, nil if it does. index
// is what has to be applied.
func (g Gate) Check(s *State, index uint64) error {
	for i := range s.Members {
		if s.Members[i].alarmed(pb.AlarmType_CORRUPT) {
			return ErrCorrupt
		}
	}
	leader := s.Leader()
	if leader == nil {
		return errors.New("no member leads")
	}
	left, why := 0, error(nil)
	for i := range s.Members {
		m := &s.Members[i]
		if m.Learner {
			continue
		}
		err := m.fit(leader.ID, index)
		if err != nil && (m.ID == g.Without || slices.Contains(g.Must, m.ID) || s.Alone()) {
			return err
		}
		if err != nil {
			why = err
		} else if m.ID != g.Without {
			left++
		}
	}
	if out := s.Find(g.Without); out == nil || out.Learner || s.Alone() {
		return nil
	}
	if v := s.Voters(); left < v.Quorum() {
		return fmt.Errorf("without %s only %d of %d voting members would be left, and %d are needed: %w", s.Find(g.Without).Label(), left, v.All, v.Quorum(), why)
	}
	return nil
}

// fit returns why a member can't serve now, nil if it can.
func (m *Member) fit(leader, index uint64) error {
	switch {
	case m.Status == nil:
		return fmt.Errorf("%s does not answer: %w", m.Label(), m.Err)
	case m.Status.GetLeader() == 0:
		return fmt.Errorf("%s knows no leader", m.Label())
	case m.Status.GetLeader() != leader:
		return fmt.Errorf("%s follows another leader than the others", m.Label())
	case m.Status.GetRaftAppliedIndex() < index:
		return fmt.Errorf("%s is %d entries behind", m.Label(), index-m.Status.GetRaftAppliedIndex())
	}
	return nil
}
