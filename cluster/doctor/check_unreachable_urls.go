package doctor

import (
	"net"
)

func unreachableURLs() Check {
	return Check{
		Name: "unreachable-urls", Severity: Warning,
		Summary: "advertised client URLs that can't be reached, of members that can",
		Meaning: "Clients learn these URLs from the cluster and try them. Correct the member's --advertise-client-urls.",
		Find: func(p *Picture) []Finding {
			var all []Finding
			for i := range p.Members {
				m := &p.Members[i]
				if !m.Up() {
					continue
				}
				for _, v := range m.Visits {
					if v.Err != nil {
						all = append(all, Finding{Members: []string{m.Label()}, Evidence: v.Err.Error(), Command: "etcdctl endpoint health --endpoints " + v.Endpoint})
					}
				}
				if len(m.ClientURLs) == 0 && m.Name != "" {
					all = append(all, Finding{Members: []string{m.Label()}, Evidence: "it advertises no client URL", Command: "etcdctl member list -w table"})
				}
			}
			return all
		},
	}
}

func loopbackURLs() Check {
	return Check{
		Name: "loopback-urls", Severity: Warning, Needs: NeedMembers,
		Summary: "advertised client URLs on the member's own host alone, in a cluster of several hosts",
		Meaning: "Clients on other hosts learn the URL from the cluster and reach nothing, or something else. Correct the member's --advertise-client-urls.",
		Find: func(p *Picture) []Finding {
			remote := false
			for i := range p.Members {
				for _, u := range p.Members[i].PeerURLs {
					remote = remote || !loopback(host(u))
				}
			}
			if !remote {
				return nil
			}
			var all []Finding
			for i := range p.Members {
				for _, u := range p.Members[i].ClientURLs {
					if loopback(host(u)) {
						all = append(all, Finding{Members: []string{p.Members[i].Label()}, Evidence: u, Command: "etcdctl member list -w table"})
					}
				}
			}
			return all
		},
	}
}

// loopback reports whether a host is reached from itself only.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
