package doctor

import "fmt"

func evenMembers() Check {
	return Check{
		Name: "even-members", Severity: Warning, Needs: NeedMembers,
		Summary: "an even number of voting members",
		Meaning: "An even number tolerates no more failures than the odd number below it, and has one more member that can fail.",
		Find: func(p *Picture) []Finding {
			all, _ := p.Voters()
			if all == 0 || all%2 != 0 {
				return nil
			}
			f := Finding{
				Evidence: fmt.Sprintf("%s, of which %d may fail, as with %d", count(all, "voting member"), all-all/2-1, all-1),
				Command:  "etcdctl member add NAME --learner --peer-urls URL",
			}
			for i := range p.Members {
				if m := &p.Members[i]; m.Learner {
					f.Command = "etcdctl member promote " + m.Hex() + " --wait"
				}
			}
			return []Finding{f}
		},
	}
}
