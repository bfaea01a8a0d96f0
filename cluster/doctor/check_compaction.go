package doctor

import "fmt"

// uncompacted is how many revisions without any compaction are many.
const uncompacted = 10_000

func noCompaction() Check {
	return Check{
		Name: "no-compaction", Severity: Warning, Needs: NeedStatus | NeedMetrics,
		Summary: fmt.Sprintf("more than %d revisions and never a compaction", uncompacted),
		Meaning: "Every old revision is kept, and the database grows until its quota. Start the members with --auto-compaction-retention, or compact from time to time. Compaction removes old revisions for good.",
		Find: func(p *Picture) []Finding {
			since, known := p.Compacted()
			if !known || since > 0 || p.Revision() <= uncompacted {
				return nil
			}
			return []Finding{{Evidence: fmt.Sprintf("%d revisions, none compacted", p.Revision()), Command: fmt.Sprintf("etcdctl compaction %d --physical", p.Revision())}}
		},
	}
}
