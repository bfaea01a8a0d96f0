package doctor

import "fmt"

// promotable is how much of the leader's log a learner must have for the server
// to promote it: readyPercentThreshold of etcd's server.
const promotable = 0.9

func learnerReady() Check {
	return Check{
		Name: "learner-ready", Severity: Warning, Needs: NeedStatus,
		Summary: "learners that are in sync with the leader",
		Meaning: "A learner does not vote, so it does not help the cluster to survive a failure until it is promoted.",
		Find:    func(p *Picture) []Finding { return p.learners(true) },
	}
}

func learnerBehind() Check {
	return Check{
		Name: "learner-behind", Severity: Warning, Needs: NeedStatus,
		Summary: "learners that are not in sync with the leader",
		Meaning: "The learner is still receiving the data, or is stuck. It can't be promoted before it has caught up.",
		Find:    func(p *Picture) []Finding { return p.learners(false) },
	}
}

// learners returns the learners that answer and can be promoted, or can't.
func (p *Picture) learners(ready bool) []Finding { //nolint:revive // which of two lists
	leader := p.Leader()
	if leader.Status() == nil {
		return nil
	}
	var all []Finding
	p.each(func(m *Member) {
		if !m.Learner || m.Status() == nil {
			return
		}
		has, of := m.Status().GetRaftAppliedIndex(), leader.Status().GetRaftAppliedIndex()
		if (float64(has) >= promotable*float64(of)) != ready {
			return
		}
		f := Finding{Members: []string{m.Label()}, Evidence: fmt.Sprintf("%d of %d entries applied", min(has, of), of), Command: "etcdctl member promote " + m.Hex()}
		if !ready {
			f.Command += " --wait"
		}
		all = append(all, f)
	})
	return all
}
