package doctor

func endpointDown() Check {
	return Check{
		Name: "endpoint-down", Severity: Error,
		Summary: "endpoints of the command line that do not answer and that no member advertises",
		Meaning: "The address is wrong or out of date, or no member can be reached at all. A client that has only this address fails.",
		Find: func(p *Picture) []Finding {
			var all []Finding
			for _, v := range p.Strays {
				if v.Err == nil {
					continue
				}
				f := Finding{Evidence: v.Err.Error(), Command: "etcdctl endpoint health --endpoints " + v.Endpoint}
				if len(p.Members) > 0 {
					f.Severity, f.Command = Warning, "etcdctl member list"
				}
				all = append(all, f)
			}
			return all
		},
	}
}
