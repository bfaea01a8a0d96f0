package timeline

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"etcdkit/backup"
	"etcdkit/backup/increment"
	"etcdkit/backup/store"
)

// Timeline is what a repository has of the past.
type Timeline struct {
	Backups []*backup.Backup // good ones, the oldest first
	Lines   []*Line          // the one that began first is first
	// Unusable are the increments that can't be read.
	Unusable []increment.Unusable
}

// Line is one history without a gap, from a full backup on.
type Line struct {
	Name    string
	Backups []*backup.Backup // that can be the base of a restore, the oldest first
	// Increments follow each other without a hole from the first backup on.
	Increments []*increment.Increment
	Gaps       []increment.Gap // before the line
	// Broken is the revision after which an increment is missing that later ones
	// follow; 0 if none is missing.
	Broken int64
	marks  []mark
}

// mark is that a revision was the latest one at a time.
type mark struct {
	increment.Point
	part *increment.Increment // a merged one, whose parts know more
}

// Begin and End are the first and the last moment that is known.
func (l *Line) Begin() increment.Point { return l.marks[0].Point }

// End is the last moment.
func (l *Line) End() increment.Point { return l.marks[len(l.marks)-1].Point }

// Read reads the manifests of a repository.
func Read(ctx context.Context, r *backup.Repository) (*Timeline, error) {
	full, err := r.List(ctx)
	if err != nil {
		return nil, err
	}
	inc, err := increment.List(ctx, r.Store)
	if err != nil && !errors.Is(err, store.ErrMissing) {
		return nil, err
	}
	return build(full, inc), nil
}

func build(full *backup.Listing, inc *increment.Listing) *Timeline {
	t := &Timeline{Backups: slices.Clone(full.Backups)}
	slices.Reverse(t.Backups)
	if inc == nil {
		return t
	}
	t.Unusable = inc.Unusable
	for all := range inc.ByLine() {
		if l := line(t.Backups, all); l != nil {
			t.Lines = append(t.Lines, l)
		}
	}
	slices.SortStableFunc(t.Lines, func(a, b *Line) int { return a.Begin().Time.Compare(b.Begin().Time) })
	return t
}

// line makes a line of its increments, or returns nil if none can be restored.
func line(backups []*backup.Backup, all []*increment.Increment) *Line {
	l := &Line{Name: all[0].Line}
	for _, i := range all {
		l.Gaps = append(l.Gaps, i.Gaps...)
	}
	for _, b := range backups {
		if b.Of(all) {
			l.Backups = append(l.Backups, b)
		}
	}
	if len(l.Backups) == 0 {
		return nil
	}
	slices.SortFunc(l.Backups, func(a, b *backup.Backup) int { return cmp.Compare(a.Revision, b.Revision) })
	l.Backups = slices.CompactFunc(l.Backups, func(a, b *backup.Backup) bool { return a.Revision == b.Revision })
	l.chain(all)
	first := l.Backups[0]
	l.marks = []mark{{Point: increment.Point{Revision: first.Revision, Time: first.Time}}}
	for _, i := range l.Increments {
		l.marks = append(l.marks, marks(i, first.Revision)...)
	}
	return l
}

// chain takes the increments that follow the first backup without a hole. They are
// sorted by After, the longest first.
func (l *Line) chain(all []*increment.Increment) {
	at, started := l.Backups[0].Revision, false
	for _, i := range all {
		switch {
		case i.To < at || i.To == at && started && i.After < at: // it has nothing new
		case i.After > at:
			l.Broken = at
			return
		default:
			l.Increments = append(l.Increments, i)
			at, started = i.To, true
		}
	}
}

// marks are what the manifest of an increment says of times.
func marks(i *increment.Increment, from int64) (all []mark) {
	add := func(p increment.Point, part *increment.Increment) {
		if p.Revision >= from {
			all = append(all, mark{p, part})
		}
	}
	if !i.Merged() {
		for _, p := range i.Points {
			add(p, nil)
		}
		return all
	}
	add(i.Points[0], i)
	for _, p := range i.Parts {
		add(increment.Point{Revision: p.To, Time: p.Time}, i)
	}
	return all
}

// Rate is how many records a minute an increment has.
func Rate(i *increment.Increment) float64 {
	d := i.Time.Sub(i.Points[0].Time)
	return float64(i.Records) / max(d, time.Second).Minutes()
}
