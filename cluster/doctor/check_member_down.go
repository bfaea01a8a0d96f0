package doctor

import (
	"fmt"
	"strings"
)

func memberDown() Check {
	return Check{
		Name: "member-down", Severity: Error, Needs: NeedMembers,
		Summary: "members that answer at none of their client URLs",
		Meaning: "The member is stopped, unreachable from here, or hangs. Start etcd on its host; if its disk is lost, replace the member.",
		Find: func(p *Picture) []Finding {
			var all []Finding
			for i := range p.Members {
				m := &p.Members[i]
				if m.Up() || !silent(m) {
					continue
				}
				evidence := m.Visits[0].Err.Error()
				if !m.Learner {
					evidence += "; " + p.spare()
				}
				all = append(all, Finding{Members: []string{m.Label()}, Evidence: evidence, Command: replacing(p, m)})
			}
			return all
		},
	}
}

// replacing is the command that replaces a member that is down, if the others can
// do that, and otherwise one that shows whether it is up again.
func replacing(p *Picture, m *Member) string {
	if all, up := p.Voters(); !m.Learner && up > all/2 && up == all-1 {
		return "etcdctl member swap " + m.Hex() + " --peer-urls " + strings.Join(m.PeerURLs, ",") + " --dry-run"
	}
	return "etcdctl endpoint health --endpoints " + m.Visits[0].Endpoint
}

// silent reports whether none of the member's URLs answered.
func silent(m *Member) bool {
	for _, v := range m.Visits {
		if v.Err == nil {
			return false
		}
	}
	return len(m.Visits) > 0
}

// spare says how many more voting members may fail.
func (p *Picture) spare() string {
	all, up := p.Voters()
	left := up - (all/2 + 1)
	switch {
	case left < 0:
		return fmt.Sprintf("%d of %s up, %d needed", up, count(all, "voting member"), all/2+1)
	case left == 0:
		return fmt.Sprintf("%d of %s up, no other may fail", up, count(all, "voting member"))
	}
	return fmt.Sprintf("%d of %s up, %d more may fail", up, count(all, "voting member"), left)
}
