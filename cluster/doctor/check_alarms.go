package doctor

import (
	"fmt"
	"strings"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

func noSpace() Check {
	return Check{
		Name: "nospace", Severity: Error, Needs: NeedStatus | NeedAlarms,
		Summary: "the alarm NOSPACE: a database has reached its quota",
		Meaning: "The cluster accepts only reads and deletes until there is room and the alarm is disarmed. alarm recover shows what fills it, compacts, defragments, and disarms last.",
		Find: func(p *Picture) []Finding {
			raised := p.alarms(pb.AlarmType_NOSPACE)
			if len(raised) == 0 {
				return nil
			}
			full, fragmented, evidence := false, false, []string{}
			p.each(func(m *Member) {
				s, quota := m.Status(), m.Quota()
				if s == nil || quota == 0 {
					return
				}
				full = full || s.GetDbSize()*10 > quota*8
				fragmented = fragmented || s.GetDbSizeInUse()*10 < quota*8
				evidence = append(evidence, fmt.Sprintf("%s: %s of %s, %s in use", m.Label(), size(s.GetDbSize()), size(quota), size(s.GetDbSizeInUse())))
			})
			f := Finding{Members: raised, Evidence: strings.Join(evidence, "; "), Command: "etcdctl alarm disarm"}
			switch {
			case full && (fragmented || p.hasHistory()):
				f.Command = "etcdctl alarm recover"
			case full:
				f.Command = "etcdctl du --depth 1"
			}
			return []Finding{f}
		},
	}
}

// hasHistory reports whether a compaction may make the database smaller.
func (p *Picture) hasHistory() bool {
	since, known := p.Compacted()
	return p.Revision() > 1 && (!known || p.Revision() > since)
}

func corrupt() Check {
	return Check{
		Name: "corrupt", Severity: Error, Needs: NeedStatus | NeedAlarms,
		Summary: "the alarm CORRUPT: a member found data that differs from the others'",
		Meaning: "The cluster accepts no writes. Find the member that differs and replace it, then disarm the alarm. If all hashes agree, disarming is enough.",
		Find: func(p *Picture) []Finding {
			raised := p.alarms(pb.AlarmType_CORRUPT)
			if len(raised) == 0 {
				return nil
			}
			f := Finding{Members: raised, Evidence: "alarm CORRUPT is raised", Command: "etcdctl check consistency"}
			switch hashes, of := p.hashes(); {
			case len(p.Members) == 1:
				f.Evidence += "; there is no other member to differ from"
				f.Command = "etcdctl alarm disarm"
			case of == len(p.Members) && !hashes.differ():
				f.Evidence += fmt.Sprintf("; the hashes of all %d members agree", of)
				f.Command = "etcdctl alarm disarm"
			}
			return []Finding{f}
		},
	}
}
