package doctor

import "fmt"

func wrongCluster() Check {
	return Check{
		Name: "wrong-cluster", Severity: Error,
		Summary: "addresses at which a member of another cluster answers",
		Meaning: "Clients that use the address read and write another cluster. Correct the endpoint, or the member's --advertise-client-urls.",
		Find: func(p *Picture) []Finding {
			var all []Finding
			other := func(v Visit, who []string, command string) {
				if v.Err == nil && v.ClusterID != 0 && p.ClusterID != 0 && v.ClusterID != p.ClusterID {
					all = append(all, Finding{Members: who, Command: command,
						Evidence: fmt.Sprintf("%s: cluster %x answers, not %x", v.Endpoint, v.ClusterID, p.ClusterID)})
				}
			}
			for _, v := range p.Strays {
				other(v, nil, "etcdctl member list --endpoints "+v.Endpoint)
			}
			for i := range p.Members {
				for _, v := range p.Members[i].Visits {
					other(v, []string{p.Members[i].Label()}, "etcdctl member list --endpoints "+v.Endpoint)
				}
			}
			return all
		},
	}
}
