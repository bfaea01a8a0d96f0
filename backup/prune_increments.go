package backup

import "etcdkit/backup/increment"

// decideIncrements decides about increments, which are sorted by line. Those of a
// line stay from the oldest backup of the line on that stays, and those before it
// go. The line that was written last may still be followed: its newest backup
// stays even if no rule keeps it.
func (p *Plan) decideIncrements(l *increment.Listing) {
	var latest *increment.Increment
	for _, inc := range l.Increments {
		if latest == nil || inc.Time.After(latest.Time) {
			latest = inc
		}
	}
	for line := range l.ByLine() {
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
	var all []*Decision
	for i, d := range p.Decisions {
		if d.Backup.Damage == "" && d.Backup.Of(line) {
			all = append(all, &p.Decisions[i])
		}
	}
	return all
}

// Of reports whether a backup is one of the history of the increments of a line:
// they name it, or it was taken of the same cluster while they were recorded.
func (b *Backup) Of(line []*increment.Increment) bool {
	last := line[0]
	for _, inc := range line {
		if b.Name == inc.Line || b.Name == inc.Backup {
			return true
		}
		if inc.To > last.To {
			last = inc
		}
	}
	return b.ClusterID == last.ClusterID && b.Revision >= line[0].After && b.Revision <= last.To &&
		!b.Time.Before(line[0].Points[0].Time) && !b.Time.After(last.Time)
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
