package doctor

func memberUnstarted() Check {
	return Check{
		Name: "member-unstarted", Severity: Warning, Needs: NeedMembers,
		Summary: "members that were added and never started",
		Meaning: "A voting member counts for the quorum as soon as it is added. Start its server, or remove the member.",
		Find: func(p *Picture) []Finding {
			var all []Finding
			for i := range p.Members {
				m := &p.Members[i]
				if m.Name != "" || m.Up() {
					continue
				}
				kind := "a learner"
				if !m.Learner {
					kind = p.spare()
				}
				all = append(all, Finding{Members: []string{m.Label()}, Evidence: "peer URL " + names(m.PeerURLs) + "; " + kind, Command: "etcdctl member remove " + m.Hex()})
			}
			return all
		},
	}
}
