package doctor

import (
	"fmt"
	"time"
)

// often is how often an hour a counter may grow, and from which value it is
// looked at: 3 changes of the leader and 5 failed proposals, as in etcd's
// monitoring mixin.
type often struct {
	metric       string
	least, hours float64
	noun         string
}

// find reports the members whose counter has grown faster since their start.
func (o often) find(p *Picture) []Finding {
	var all []Finding
	p.each(func(m *Member) {
		n, _ := m.Metrics().Value(o.metric)
		up := m.Uptime(p.At)
		if n <= o.least || up <= 0 || n/max(up.Hours(), 1) <= o.hours {
			return
		}
		all = append(all, Finding{Members: []string{m.Label()}, Command: statusOfAll, Evidence: fmt.Sprintf("%.0f %s in %s", n, o.noun, shorter(up.Round(time.Second)))})
	})
	return all
}

func leaderChanges() Check {
	o := often{"etcd_server_leader_changes_seen_total", 4, 3, "changes of the leader"}
	return Check{
		Name: "leader-changes", Severity: Warning, Needs: NeedMetrics, Find: o.find,
		Summary: "members that saw more than 3 changes of the leader an hour since they started",
		Meaning: "Each change stops writes for about the election timeout. Usual causes are slow disks, a busy processor and a bad network.",
	}
}

func failedProposals() Check {
	o := often{"etcd_server_proposals_failed_total", 5, 5, "failed proposals"}
	return Check{
		Name: "failed-proposals", Severity: Warning, Needs: NeedMetrics, Find: o.find,
		Summary: "members where more than 5 proposals an hour failed since they started",
		Meaning: "Writes failed, because an election was under way or a quorum was missing.",
	}
}

// manySlowWatchers is how many watchers that lag are many.
const manySlowWatchers = 10

func slowWatchers() Check {
	return Check{
		Name: "slow-watchers", Severity: Warning, Needs: NeedMetrics,
		Summary: fmt.Sprintf("members with more than %d watchers that lag", manySlowWatchers),
		Meaning: "These clients do not read their events, or the member can't send them fast enough. The events wait in its memory.",
		Find: func(p *Picture) []Finding {
			var all []Finding
			p.each(func(m *Member) {
				n, _ := m.Metrics().Value("etcd_debugging_mvcc_slow_watcher_total")
				of, _ := m.Metrics().Value("etcd_debugging_mvcc_watcher_total")
				if n > manySlowWatchers {
					all = append(all, Finding{Members: []string{m.Label()}, Command: statusOfAll, Evidence: fmt.Sprintf("%.0f of %.0f watchers", n, of)})
				}
			})
			return all
		},
	}
}

// filesShare is the share of open files that is reported, in percent.
const filesShare = 80

func openFiles() Check {
	return Check{
		Name: "open-files", Severity: Warning, Needs: NeedMetrics,
		Summary: fmt.Sprintf("members that have more than %d%% of the files open that they may", filesShare),
		Meaning: "At the limit, the member accepts no more connections and can't write. Raise LimitNOFILE of its service.",
		Find: func(p *Picture) []Finding {
			var all []Finding
			p.each(func(m *Member) {
				n, _ := m.Metrics().Value("process_open_fds")
				of, _ := m.Metrics().Value("process_max_fds")
				if of > 0 && n*100 > of*filesShare {
					all = append(all, Finding{Members: []string{m.Label()}, Command: statusOfAll, Evidence: fmt.Sprintf("%.0f of %.0f", n, of)})
				}
			})
			return all
		},
	}
}
