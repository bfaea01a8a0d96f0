package doctor

import "fmt"

func hashes() Check {
	return Check{
		Name: "hashes", Severity: Error, Needs: NeedStatus | NeedHashes,
		Summary: "members whose history of keys differs at one revision",
		Meaning: "Clients read different data from different members. Find the first revision that differs, and replace the members that are in the minority.",
		Find: func(p *Picture) []Finding {
			found, _ := p.hashes()
			if !found.differ() {
				return nil
			}
			return []Finding{{Evidence: found.String(), Command: "etcdctl check consistency"}}
		},
	}
}

// hashes returns the hashes that can be compared, and how many they are: those
// after the same compaction, of servers of the same release.
func (p *Picture) hashes() (found several, of int) {
	compacted, first := int64(0), (*Member)(nil)
	for i := range p.Members {
		m := &p.Members[i]
		if m.Hash == nil {
			continue
		}
		if first == nil {
			first, compacted = m, m.Hash.GetCompactRevision()
		}
		if m.Hash.GetCompactRevision() == compacted && minor(m) == minor(first) {
			found.add(fmt.Sprintf("hash %d", m.Hash.GetHash()), m.Label())
			of++
		}
	}
	return found, of
}

// minor returns the minor release of a member, such as 3.6, or "".
func minor(m *Member) string {
	v := m.Version()
	if v == nil {
		return ""
	}
	return fmt.Sprintf("%d.%d", v.Major, v.Minor)
}
