package doctor

import "fmt"

func hashes() Check {
	return Check{
		Name: "hashes", Severity: Error, Needs: NeedStatus | NeedHashes,
		Summary: "members whose history of keys differs at one revision",
		Meaning: "Clients read different data from different members. Replace the members that are in the minority: remove them, delete their data, add them again.",
		Find: func(p *Picture) []Finding {
			found, _ := p.hashes()
			if !found.differ() {
				return nil
			}
			rev := int64(0)
			for i := range p.Members {
				rev = max(rev, p.Members[i].Hash.GetHashRevision(), p.Members[i].Hash.GetHeader().GetRevision())
			}
			return []Finding{{Evidence: found.String(), Command: fmt.Sprintf("etcdctl endpoint hashkv --cluster --rev %d", rev)}}
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
