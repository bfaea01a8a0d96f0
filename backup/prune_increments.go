package backup

import (
	"slices"

	"etcdkit/backup/increment"
)

// decideIncrements decides about increments, which are sorted by line. Those of a
// line stay from the oldest backup of the line on that stays, and those before it
// go. The line that was written last may still be followed: its newest backup
// stays even if no rule keeps it.
func (p *Plan) decideIncrements(incs []*increment.Increment) {
	var latest *increment.Increment
	for _, inc := range incs {
		if latest == nil || inc.Time.After(latest.Time) {
			latest = inc
		}
	}
	for len(incs) > 0 {
		end := slices.IndexFunc(incs, func(inc *increment.Increment) bool { return inc.Line != incs[0].Line })
		if end < 0 {
			end = len(incs)
		}
		line := incs[:end]
		incs = incs[end:]
		from := p.base(line)
		if from == nil && latest.Line == line[0].Line {
			from = p.keepNewest(line)
		}
		for _, inc := range line {
			// One that ends at the revision of the backup, but later, says that there was no other.
			if from == nil || inc.To <= from.Revision && !inc.Time.After(from.Time) {
				p.Increments = append(p.Increments, inc)
			}
		}
	}
}

// ofLine returns the decisions about the good backups of a line, newest first.
func (p *Plan) ofLine(line []*increment.Increment) []*Decision {
	names := map[string]bool{line[0].Line: true}
	for _, inc := range line {
		names[inc.Backup] = true
	}
	var all []*Decision
	for i, d := range p.Decisions {
		if names[d.Backup.Name] && d.Backup.Damage == "" {
			all = append(all, &p.Decisions[i])
		}
	}
	return all
}

// base returns the oldest backup of a line that stays, or nil.
func (p *Plan) base(line []*increment.Increment) (oldest *Backup) {
	for _, d := range p.ofLine(line) {
		if d.Keep && (oldest == nil || d.Backup.Revision < oldest.Revision) {
			oldest = d.Backup
		}
	}
	return oldest
}

// keepNewest keeps the newest backup of a line, if there is one.
func (p *Plan) keepNewest(line []*increment.Increment) *Backup {
	all := p.ofLine(line)
	if len(all) == 0 {
		return nil
	}
	all[0].Keep, all[0].Why = true, "increments that are still written need it"
	return all[0].Backup
}
