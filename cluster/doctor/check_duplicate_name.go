package doctor

import "strconv"

func duplicateName() Check {
	return Check{
		Name: "duplicate-name", Severity: Warning, Needs: NeedMembers,
		Summary: "members with the same name",
		Meaning: "Commands and people can't tell the members apart by name. Start each with a --name of its own.",
		Find: func(p *Picture) []Finding {
			ids := make(map[string][]string)
			var order []string
			for i := range p.Members {
				m := &p.Members[i]
				if m.Name == "" {
					continue
				}
				if ids[m.Name] == nil {
					order = append(order, m.Name)
				}
				ids[m.Name] = append(ids[m.Name], m.Hex())
			}
			var all []Finding
			for _, name := range order {
				if len(ids[name]) > 1 {
					all = append(all, Finding{Members: []string{name}, Evidence: strconv.Itoa(len(ids[name])) + " members: " + names(ids[name]), Command: "etcdctl member list -w table"})
				}
			}
			return all
		},
	}
}
