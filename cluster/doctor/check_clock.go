package doctor

import (
	"fmt"
	"time"
)

// maxSkew is how far two clocks may differ for certain. etcd's members log a
// warning at one second; the Date header has that resolution.
const maxSkew = time.Second

func clockSkew() Check {
	return Check{
		Name: "clock-skew", Severity: Warning, Needs: NeedMetrics,
		Summary: "members whose clocks differ by more than a second",
		Meaning: "Leases, tokens and certificates depend on clocks, and logs can't be compared. Run a time service on each host.",
		Find: func(p *Picture) []Finding {
			var slow, fast *Member
			p.each(func(m *Member) {
				w := &m.Seen.Web
				if w.ClockErr == 0 {
					return
				}
				if slow == nil || w.Clock+w.ClockErr < slow.Seen.Web.Clock+slow.Seen.Web.ClockErr {
					slow = m
				}
				if fast == nil || w.Clock-w.ClockErr > fast.Seen.Web.Clock-fast.Seen.Web.ClockErr {
					fast = m
				}
			})
			if slow == nil {
				return nil
			}
			least := fast.Seen.Web.Clock - fast.Seen.Web.ClockErr - slow.Seen.Web.Clock - slow.Seen.Web.ClockErr
			if least <= maxSkew {
				return nil
			}
			return []Finding{{Members: []string{slow.Label(), fast.Label()}, Command: "timedatectl",
				Evidence: fmt.Sprintf("%s is at least %s behind %s", slow.Label(), shorter(least), fast.Label())}}
		},
	}
}
