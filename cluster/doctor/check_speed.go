package doctor

import (
	"fmt"
	"time"
)

// slow is a limit for the 99th percentile of a histogram, and its source.
type slow struct {
	metric string
	limit  time.Duration
	source string
}

// minObservations is how many observations a percentile needs to say anything.
const minObservations = 1000

// find reports the members that are above the limit.
func (s slow) find(p *Picture) []Finding {
	var all []Finding
	p.each(func(m *Member) {
		p99, n := m.Metrics().Quantile(s.metric, 0.99)
		if n < minObservations || p99 <= s.limit {
			return
		}
		all = append(all, Finding{Members: []string{m.Label()}, Command: "etcdctl check perf",
			Evidence: fmt.Sprintf("99%% of %.0f took up to %s, the limit is %s (%s)", n, shorter(p99), s.limit, s.source)})
	})
	return all
}

const (
	faq   = "etcd's FAQ"
	mixin = "etcd's monitoring mixin"
)

func slowFsync() Check {
	s := slow{"etcd_disk_wal_fsync_duration_seconds", 10 * time.Millisecond, faq}
	return Check{
		Name: "slow-fsync", Severity: Warning, Needs: NeedMetrics, Find: s.find,
		Summary: "members whose disk takes more than 10 ms to sync the log (99th percentile)",
		Meaning: "Every write waits for this. A disk that is slow or shared also costs heartbeats, and so elections.",
	}
}

func slowCommit() Check {
	s := slow{"etcd_disk_backend_commit_duration_seconds", 25 * time.Millisecond, faq}
	return Check{
		Name: "slow-commit", Severity: Warning, Needs: NeedMetrics, Find: s.find,
		Summary: "members whose disk takes more than 25 ms to commit the database (99th percentile)",
		Meaning: "The disk is slow or shared. Reads and writes wait while the database is committed.",
	}
}

func slowPeers() Check {
	s := slow{"etcd_network_peer_round_trip_time_seconds", 150 * time.Millisecond, mixin}
	return Check{
		Name: "slow-peers", Severity: Warning, Needs: NeedMetrics, Find: s.find,
		Summary: "members that are more than 150 ms away from others (99th percentile of round trips)",
		Meaning: "Every write waits for a quorum of the members. With long round trips, raise --heartbeat-interval and --election-timeout on all members.",
	}
}

// slowShare is the share of slow applies that is reported, in percent.
const slowShare = 1

func slowApply() Check {
	return Check{
		Name: "slow-apply", Severity: Warning, Needs: NeedMetrics,
		Summary: fmt.Sprintf("members where more than %d%% of entries took longer than 100 ms to apply (--warning-apply-duration)", slowShare),
		Meaning: "The disk or the processor is too slow, or requests are very large. The member's log names the requests (\"apply request took too long\").",
		Find: func(p *Picture) []Finding {
			var all []Finding
			p.each(func(m *Member) {
				slow, _ := m.Metrics().Value("etcd_server_slow_apply_total")
				of, _ := m.Metrics().Value("etcd_server_proposals_applied_total")
				if of >= minObservations && slow*100 > of*slowShare {
					all = append(all, Finding{Members: []string{m.Label()}, Command: "etcdctl check perf",
						Evidence: fmt.Sprintf("%.0f of %.0f entries since the start", slow, of)})
				}
			})
			return all
		},
	}
}
