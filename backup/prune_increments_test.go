package backup

import (
	"slices"
	"testing"
	"time"

	"etcdkit/backup/increment"
)

// Increments stay from the oldest backup of their line on that stays, and what is
// still written keeps the backup that it needs.
func TestDecideIncrements(t *testing.T) {
	t.Parallel()
	backups := func(all ...int64) (d []Decision) { // negative ones go
		for _, rev := range all {
			n := max(rev, -rev)
			b := &Backup{Manifest: Manifest{Name: string(rune('a' + n/10)), Revision: n, Time: time.Unix(0, 0).Add(time.Duration(n) * time.Hour / 10)}}
			d = append(d, Decision{Backup: b, Keep: rev > 0, Why: "rule"})
		}
		return d
	}
	inc := func(line, backup string, to int64, hours int) *increment.Increment {
		at := time.Unix(0, 0).Add(time.Duration(hours) * time.Hour)
		return &increment.Increment{Manifest: increment.Manifest{Line: line, Backup: backup, After: to - 5, To: to, Time: at, Points: []increment.Point{{Revision: to, Time: at}}}}
	}
	for _, tc := range []struct {
		name       string
		decisions  []Decision
		incs       []*increment.Increment
		gone, kept []int64
	}{
		{"none", backups(20, -10), nil, nil, []int64{20}},
		{
			"from the oldest that stays", backups(30, 20, -10),
			[]*increment.Increment{inc("b", "b", 15, 1), inc("b", "b", 20, 2), inc("b", "c", 25, 3), inc("b", "d", 35, 4)}, []int64{15, 20}, []int64{30, 20},
		},
		{
			"nothing was written after the backup", backups(20), []*increment.Increment{inc("c", "c", 20, 1), inc("c", "c", 20, 9)}, []int64{20}, []int64{20},
		},
		{
			"an old line, and one of another history", backups(50, -40, -10),
			[]*increment.Increment{inc("b", "b", 15, 1), inc("f", "f", 55, 9)}, []int64{15}, []int64{50},
		},
		{
			"a backup by hand is newer than what is followed", backups(90, -20, -10),
			[]*increment.Increment{inc("b", "b", 15, 1), inc("b", "c", 25, 2)}, []int64{15}, []int64{90, 20},
		},
		{
			"a backup that no increment names, taken meanwhile", backups(20, -10),
			[]*increment.Increment{inc("b", "b", 15, 1), inc("b", "b", 20, 2), inc("b", "b", 25, 3), inc("f", "f", 60, 9)}, []int64{15, 20, 60}, []int64{20},
		},
		{"no backup at all", nil, []*increment.Increment{inc("b", "b", 15, 1)}, []int64{15}, nil},
	} {
		p := &Plan{Decisions: tc.decisions}
		p.decideIncrements(&increment.Listing{Increments: tc.incs})
		var gone, kept []int64
		for _, i := range p.Increments {
			gone = append(gone, i.To)
		}
		for _, d := range p.Decisions {
			if d.Keep {
				kept = append(kept, d.Backup.Revision)
			}
		}
		if !slices.Equal(gone, tc.gone) || !slices.Equal(kept, tc.kept) {
			t.Errorf("%s: increments %d go and backups %d stay, want %d and %d", tc.name, gone, kept, tc.gone, tc.kept)
		}
	}
}
