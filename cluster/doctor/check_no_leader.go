package doctor

import "fmt"

func noLeader() Check {
	return Check{
		Name: "no-leader", Severity: Error, Needs: NeedStatus,
		Summary: "members that know no leader",
		Meaning: "Such a member accepts no writes and no linearizable reads. Without a quorum of the voting members, the whole cluster stands still.",
		Find: func(p *Picture) []Finding {
			var without []string
			led := false
			p.each(func(m *Member) {
				switch has, known := m.HasLeader(); {
				case !known:
				case has:
					led = true
				default:
					without = append(without, m.Label())
				}
			})
			if len(without) == 0 {
				return nil
			}
			all, up := p.Voters()
			evidence := fmt.Sprintf("no member leads; %d of %s up, %d needed", up, count(all, "voting member"), all/2+1)
			if led {
				evidence = "the others have a leader"
			}
			return []Finding{{Members: without, Evidence: evidence, Command: statusOfAll}}
		},
	}
}
