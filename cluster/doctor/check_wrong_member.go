package doctor

import "fmt"

func wrongMember() Check {
	return Check{
		Name: "wrong-member", Severity: Warning,
		Summary: "client URLs of a member at which another member answers",
		Meaning: "Two members advertise one address, or a load balancer is behind it. Commands that are meant for one member, such as defrag, reach another one.",
		Find: func(p *Picture) []Finding {
			var all []Finding
			for i := range p.Members {
				m := &p.Members[i]
				for _, v := range m.Visits {
					if v.Err == nil && v.MemberID != 0 && v.MemberID != m.ID && (v.ClusterID == 0 || v.ClusterID == p.ClusterID) {
						all = append(all, Finding{Members: []string{m.Label()}, Command: "etcdctl member list -w table",
							Evidence: fmt.Sprintf("%s is answered by %s", v.Endpoint, p.NameOf(v.MemberID))})
					}
				}
			}
			return all
		},
	}
}
