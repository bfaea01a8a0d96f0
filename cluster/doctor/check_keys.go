package doctor

import (
	"fmt"
	"strconv"
)

func deepHistory() Check {
	return Check{
		Name: "deep-history", Severity: Warning, Needs: NeedStatus | NeedMetrics | NeedKeys,
		Summary: fmt.Sprintf("keys with %d revisions or more since the last compaction", manyRevisions),
		Meaning: "Every revision of a key is kept until it is compacted, with its value. Compaction removes old revisions for good; compact more often, or write the key less often.",
		Find: func(p *Picture) []Finding {
			since, known := p.Compacted()
			if !known {
				return nil
			}
			deep, worst, most := 0, Key{}, int64(0)
			for _, k := range p.Keys {
				// A key has at most one revision per change, and per revision of the store.
				kept := min(k.Versions, k.ModRev-max(since, k.CreateRev-1))
				if kept < manyRevisions {
					continue
				}
				deep++
				if kept > most {
					worst, most = k, kept
				}
			}
			if deep == 0 {
				return nil
			}
			evidence := fmt.Sprintf("up to %d revisions of %s", most, quote(worst.Name))
			if deep > 1 {
				evidence += fmt.Sprintf("; %d such keys", deep)
			}
			if p.KeysOf > int64(len(p.Keys)) {
				evidence += fmt.Sprintf("; %d of %d keys were looked at", len(p.Keys), p.KeysOf)
			}
			return []Finding{{Evidence: evidence, Command: fmt.Sprintf("etcdctl compaction %d --physical", p.Revision())}}
		},
	}
}

// longestName is how much of a key is shown, in bytes.
const longestName = 100

func quote(name string) string {
	if len(name) > longestName {
		return strconv.Quote(name[:longestName]) + "..."
	}
	return strconv.Quote(name)
}

// manyLeases is how many leases are many. Each member holds all in memory, and
// the leader renews and expires them.
const manyLeases = 5000

func leases() Check {
	return Check{
		Name: "leases", Severity: Warning, Needs: NeedLeases,
		Summary: fmt.Sprintf("more than %d leases", manyLeases),
		Meaning: "A client probably grants a lease for each key, or never revokes those that it no longer needs. Share one lease among keys with the same lifetime.",
		Find: func(p *Picture) []Finding {
			if p.Leases <= manyLeases {
				return nil
			}
			return []Finding{{Evidence: fmt.Sprintf("%d leases", p.Leases), Command: "etcdctl lease list"}}
		},
	}
}
