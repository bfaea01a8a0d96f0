package doctor

import (
	"fmt"
)

// maxLag is how many entries a member may lag: etcd's server refuses proposals
// when as many are committed and not applied (maxGapBetweenApplyAndCommitIndex).
const maxLag = 5000

func raftLag() Check {
	return Check{
		Name: "raft-lag", Severity: Warning, Needs: NeedStatus,
		Summary: fmt.Sprintf("members whose log is more than %d entries behind the leader's", maxLag),
		Meaning: "The member is slow, or its network is. It answers serializable reads with old data and can't take over from the leader quickly.",
		Find: func(p *Picture) []Finding {
			leader := p.Leader()
			if leader.Status() == nil {
				return nil
			}
			var all []Finding
			p.each(func(m *Member) {
				s, head := m.Status(), leader.Status().GetRaftIndex()
				if s == nil || m.Learner || s.GetRaftIndex()+maxLag >= head {
					return
				}
				all = append(all, Finding{Members: []string{m.Label()}, Command: statusOfAll,
					Evidence: fmt.Sprintf("index %d, the leader's is %d", s.GetRaftIndex(), head)})
			})
			return all
		},
	}
}

func applyLag() Check {
	return Check{
		Name: "apply-lag", Severity: Warning, Needs: NeedStatus,
		Summary: fmt.Sprintf("members that have more than %d entries still to apply", maxLag/5),
		Meaning: fmt.Sprintf("The member's disk or processor is too slow for the writes. At %d entries it refuses further ones.", maxLag),
		Find: func(p *Picture) []Finding {
			var all []Finding
			p.each(func(m *Member) {
				s := m.Status()
				if s == nil || s.GetRaftAppliedIndex()+maxLag/5 >= s.GetRaftIndex() {
					return
				}
				all = append(all, Finding{Members: []string{m.Label()}, Command: statusOfAll,
					Evidence: fmt.Sprintf("%d of %d entries applied", s.GetRaftAppliedIndex(), s.GetRaftIndex())})
			})
			return all
		},
	}
}
