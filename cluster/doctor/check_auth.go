package doctor

func openAccess() Check {
	return Check{
		Name: "open-access", Severity: Warning, Needs: NeedAuth,
		Summary: "addresses beyond loopback where anyone can read and write",
		Meaning: "Neither authentication nor a client certificate is asked for. Whoever reaches the port owns the data: start etcd with --client-cert-auth and --trusted-ca-file, or enable authentication.",
		Find: func(p *Picture) []Finding {
			if p.Auth == nil || p.Auth.Enabled {
				return nil
			}
			var all []Finding
			for i := range p.Members {
				m := &p.Members[i]
				for _, v := range m.Visits {
					if v.Err == nil && !v.Web.AsksClient && !loopback(host(v.Endpoint)) && len(host(v.Endpoint)) > 0 {
						all = append(all, Finding{Members: []string{m.Label()}, Evidence: v.Endpoint, Command: "etcdctl auth status"})
					}
				}
			}
			return all
		},
	}
}

func authHalf() Check {
	return Check{
		Name: "auth-half", Severity: Warning, Needs: NeedAuth,
		Summary: "a root user while authentication is off",
		Meaning: "Users and roles exist, but nothing checks them: everyone may do everything until authentication is enabled.",
		Find: func(p *Picture) []Finding {
			if p.Auth == nil || p.Auth.Enabled || !p.Auth.RootUser {
				return nil
			}
			return []Finding{{Evidence: "user root has the role root, authentication is off", Command: "etcdctl auth enable"}}
		},
	}
}
