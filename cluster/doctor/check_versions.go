package doctor

import (
	"fmt"
	"time"

	"github.com/coreos/go-semver/semver"
)

func mixedVersions() Check {
	return Check{
		Name: "mixed-versions", Severity: Warning, Needs: NeedStatus,
		Summary: "members of different releases",
		Meaning: "An upgrade was begun and not finished. The cluster has the features of the oldest member; finish the upgrade.",
		Find: func(p *Picture) []Finding {
			var found several
			p.each(func(m *Member) {
				if v := m.Version(); v != nil {
					found.add(v.String(), m.Label())
				}
			})
			if !found.differ() {
				return nil
			}
			return []Finding{{Evidence: found.String(), Command: statusOfAll}}
		},
	}
}

func downgradeOn() Check {
	return Check{
		Name: "downgrade", Severity: Warning, Needs: NeedStatus,
		Summary: "a downgrade that is under way",
		Meaning: "The members are to be replaced by an older release one after the other. While that is not done, new features stay off; cancel the downgrade if it is not meant.",
		Find: func(p *Picture) []Finding {
			for i := range p.Members {
				if d := p.Members[i].Status().GetDowngradeInfo(); d.GetEnabled() {
					return []Finding{{Evidence: "to " + d.GetTargetVersion(), Command: "etcdctl downgrade cancel"}}
				}
			}
			return nil
		},
	}
}

// settling is how long a server may take to raise its storage version.
const settling = time.Minute

func storageVersion() Check {
	return Check{
		Name: "storage-version", Severity: Warning, Needs: NeedStatus | NeedMetrics,
		Summary: "members whose storage is of an older release than the cluster",
		Meaning: "The server raises the version by itself once every entry of its log suits it. Until then it can't be upgraded further.",
		Find: func(p *Picture) []Finding {
			oldest := p.oldest()
			downgrading := len(downgradeOn().Find(p)) > 0
			if oldest == nil || downgrading {
				return nil
			}
			var all []Finding
			p.each(func(m *Member) {
				stored, err := semver.NewVersion(m.Status().GetStorageVersion())
				if err != nil || m.Uptime(p.At) < settling {
					return
				}
				if stored.Major == oldest.Major && stored.Minor < oldest.Minor {
					all = append(all, Finding{Members: []string{m.Label()}, Command: statusOfAll,
						Evidence: fmt.Sprintf("storage %s, server %s, running for %s", stored, m.Version(), shorter(m.Uptime(p.At)))})
				}
			})
			return all
		},
	}
}

// oldest returns the oldest release among the members, or nil.
func (p *Picture) oldest() *semver.Version {
	var oldest *semver.Version
	p.each(func(m *Member) {
		if v := m.Version(); v != nil && (oldest == nil || v.LessThan(*oldest)) {
			oldest = v
		}
	})
	return oldest
}
