package doctor

import (
	"fmt"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

const (
	// quotaHigh and quotaFull are the shares of the quota, in percent, from which
	// there is a warning and an error. etcd's own monitoring mixin alerts at 95.
	quotaHigh, quotaFull = 80, 95
	// freeShare and freeBytes are how much of a database must be free for a
	// finding: half, as in etcd's monitoring mixin, and enough to be worth it.
	freeShare, freeBytes = 50, 32 << 20
	// suggestedMax is the size up to which etcd's documentation suggests to use it.
	suggestedMax = 8 << 30
)

func quotaUse() Check {
	return Check{
		Name: "quota", Severity: Error, Needs: NeedStatus | NeedQuota,
		Summary: fmt.Sprintf("databases above %d%% of their quota (an error above %d%%)", quotaHigh, quotaFull),
		Meaning: "At the quota, the cluster stops accepting writes. Give back free pages by defragmentation, remove old revisions by compaction, or raise --quota-backend-bytes.",
		Find: func(p *Picture) []Finding {
			if len(p.alarms(pb.AlarmType_NOSPACE)) > 0 {
				return nil
			}
			var all []Finding
			p.each(func(m *Member) {
				s, quota := m.Status(), m.Quota()
				if s == nil || quota <= 0 || s.GetDbSize()*100 < quota*quotaHigh {
					return
				}
				f := Finding{Members: []string{m.Label()}, Severity: Warning, Command: "etcdctl du --depth 1",
					Evidence: fmt.Sprintf("%s of %s (%s), %s in use", size(s.GetDbSize()), size(quota), percent(s.GetDbSize(), quota), size(s.GetDbSizeInUse()))}
				if s.GetDbSize()*100 >= quota*quotaFull {
					f.Severity = Error
				}
				switch since, known := p.Compacted(); {
				case s.GetDbSizeInUse()*100 < quota*quotaHigh:
					f.Command = "etcdctl defrag --cluster --guard"
				case known && p.Revision()-since > manyRevisions:
					f.Command = fmt.Sprintf("etcdctl compaction %d --physical", p.Revision())
				}
				all = append(all, f)
			})
			return all
		},
	}
}

func quotaDiffers() Check {
	return Check{
		Name: "quota-differs", Severity: Warning, Needs: NeedStatus | NeedQuota,
		Summary: "members with different quotas",
		Meaning: "The smallest quota stops the whole cluster. Start every member with the same --quota-backend-bytes.",
		Find: func(p *Picture) []Finding {
			var found several
			p.each(func(m *Member) {
				if q := m.Quota(); q > 0 {
					found.add(size(q), m.Label())
				}
			})
			if !found.differ() {
				return nil
			}
			return []Finding{{Evidence: found.String(), Command: statusOfAll}}
		},
	}
}

func fragmentation() Check {
	return Check{
		Name: "fragmentation", Severity: Warning, Needs: NeedStatus,
		Summary: fmt.Sprintf("databases of which %d%% or more is free, at least %s", freeShare, size(freeBytes)),
		Meaning: "Free pages are reused but not given back to the file system, and they count for the quota. Defragmentation gives them back; it blocks each member while it runs.",
		Find: func(p *Picture) []Finding {
			var all []Finding
			p.each(func(m *Member) {
				s := m.Status()
				free := s.GetDbSize() - s.GetDbSizeInUse()
				if free < freeBytes || free*100 < s.GetDbSize()*freeShare {
					return
				}
				all = append(all, Finding{Members: []string{m.Label()}, Command: "etcdctl defrag --cluster --guard --if-free-percent 30",
					Evidence: fmt.Sprintf("%s, of which %s (%s) can be given back", size(s.GetDbSize()), size(free), percent(free, s.GetDbSize()))})
			})
			return all
		},
	}
}

func largeDatabase() Check {
	return Check{
		Name: "large-database", Severity: Warning, Needs: NeedStatus,
		Summary: "databases above 8 GiB",
		Meaning: "etcd's documentation suggests 8 GiB as the largest size for normal environments. Snapshots, restarts and new members take long.",
		Find: func(p *Picture) []Finding {
			var all []Finding
			p.each(func(m *Member) {
				if s := m.Status(); s.GetDbSize() > suggestedMax {
					all = append(all, Finding{Members: []string{m.Label()}, Command: "etcdctl du --depth 1",
						Evidence: fmt.Sprintf("%s, %s in use", size(s.GetDbSize()), size(s.GetDbSizeInUse()))})
				}
			})
			return all
		},
	}
}
