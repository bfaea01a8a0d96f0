package timeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"etcdkit/backup"
	"etcdkit/backup/increment"
	"etcdkit/backup/store"
)

// Target is a moment that can be restored.
type Target struct {
	Backup     *backup.Backup
	Increments []*increment.Increment // after it, up to the revision; may be empty
	Revision   int64
	Line       string // "" for a backup alone
	// At is when the revision was seen to be the latest one, Next when a later one
	// was; Next is zero if the revision is the last one that is known.
	At, Next time.Time
}

// UnknownError says that a moment can't be restored, and which ones can.
type UnknownError struct{ text string }

func (e *UnknownError) Error() string { return e.text }

func unknown(format string, args ...any) error { return &UnknownError{fmt.Sprintf(format, args...)} }

// moment describes a point for an error.
func moment(p increment.Point) string {
	return fmt.Sprintf("revision %d (%s)", p.Revision, p.Time.UTC().Format(time.RFC3339))
}

// Revision resolves a revision of the newest history. One that only an older
// history has is refused: it is another state of another past.
func (t *Timeline) Revision(revision int64) (*Target, error) {
	for _, l := range slices.Backward(t.Lines) {
		begin, end := l.Begin(), l.End()
		if revision > end.Revision {
			return nil, unknown("revision %d is beyond the end of what is recorded: the nearest one is %s%s", revision, moment(end), l.broken())
		}
		if revision >= begin.Revision {
			return l.target(revision), nil
		}
		if len(l.Gaps) == 0 || !continues(l.Gaps[0]) {
			return nil, unknown("revision %d is before the beginning of the newest history, %s; an older history is chosen by its time", revision, moment(begin))
		}
		if g := l.Gaps[0]; revision > g.From {
			return nil, unknown("revision %d is in a gap: the nearest ones are revision %d and %s", revision, g.From, moment(begin))
		}
	}
	for _, b := range t.Backups {
		if len(t.Lines) == 0 && b.Revision == revision {
			return &Target{Backup: b, Revision: revision, At: b.Time}, nil
		}
	}
	return nil, unknown("nothing is recorded of revision %d: \"etcdctl backup timeline\" shows what is", revision)
}

// Newest resolves to the last revision that is recorded: the end of the newest
// history, or the newest backup if that was taken later.
func (t *Timeline) Newest() (*Target, error) {
	var newest *backup.Backup
	if n := len(t.Backups); n > 0 {
		newest = t.Backups[n-1]
	}
	if n := len(t.Lines); n > 0 {
		l := t.Lines[n-1]
		if end := l.End(); newest == nil || !newest.Time.After(end.Time) || newest.Revision == end.Revision {
			return l.target(end.Revision), nil
		}
	}
	if newest == nil {
		return nil, unknown("the repository has no good backup")
	}
	return &Target{Backup: newest, Revision: newest.Revision, At: newest.Time}, nil
}

// continues reports whether both sides of a gap are of one history.
func continues(g increment.Gap) bool { return g.To >= g.From && g.From > 0 }

func (l *Line) broken() string {
	if l.Broken == 0 {
		return ""
	}
	return fmt.Sprintf("; the increment after revision %d is missing", l.Broken)
}

// Time resolves a moment to the last revision that was seen by then, in the
// history of that time.
func (t *Timeline) Time(ctx context.Context, s store.Store, at time.Time) (*Target, error) {
	i := len(t.Lines) - 1
	for i >= 0 && t.Lines[i].Begin().Time.After(at) {
		i--
	}
	text := at.UTC().Format(time.RFC3339)
	switch {
	case len(t.Lines) == 0:
		return nil, unknown("nothing is recorded of %s: the repository has no increments, which \"etcdctl backup follow\" stores; a full backup is restored by its name", text)
	case i < 0:
		return nil, unknown("%s is before all that is recorded: the first moment is %s", text, moment(t.Lines[0].Begin()))
	}
	l := t.Lines[i]
	if end := l.End(); at.After(end.Time) {
		if i+1 < len(t.Lines) {
			return nil, unknown("%s is in a gap: the nearest moments are %s and %s%s", text, moment(end), moment(t.Lines[i+1].Begin()), l.broken())
		}
		return nil, unknown("%s is beyond the end of what is recorded: the nearest moment is %s%s", text, moment(end), l.broken())
	}
	known, next, err := l.around(ctx, s, at)
	if err != nil {
		return nil, err
	}
	target := l.target(known.Revision)
	target.At = known.Time
	if next.Revision > known.Revision {
		target.Next = next.Time
	}
	return target, nil
}

// around returns the last point that is not after a time, and the one after it.
func (l *Line) around(ctx context.Context, s store.Store, at time.Time) (known, next increment.Point, err error) {
	last := 0
	for i, m := range l.marks {
		if !m.Time.After(at) {
			last = i
		}
	}
	known = l.marks[last].Point
	if last+1 == len(l.marks) {
		return known, next, nil
	}
	after := l.marks[last+1]
	next = after.Point
	if after.part == nil || after.Revision == known.Revision {
		return known, next, nil
	}
	points, err := finer(ctx, s, after.part, after.Revision)
	for _, p := range points {
		if p.Revision < l.marks[0].Revision {
			continue
		}
		if p.Time.After(at) {
			return known, p, err
		}
		known = p
	}
	return known, next, err
}

// finer returns the points of the part of a merged increment that ends with a
// revision.
func finer(ctx context.Context, s store.Store, i *increment.Increment, to int64) (_ []increment.Point, err error) {
	before := i.After
	for _, p := range i.Parts {
		if p.To >= to {
			break
		}
		before = p.To
	}
	r, err := increment.Open(ctx, s, i, increment.OpenOptions{After: before})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	m, err := r.Peek()
	if err != nil {
		return nil, err
	}
	return m.Points, nil
}

// target finds what a revision is restored from.
func (l *Line) target(revision int64) *Target {
	t := &Target{Revision: revision, Line: l.Name}
	for _, b := range l.Backups {
		if b.Revision <= revision {
			t.Backup = b
		}
	}
	for _, i := range l.Increments {
		if i.After < revision && i.To > t.Backup.Revision {
			t.Increments = append(t.Increments, i)
		}
	}
	for _, m := range l.marks {
		if m.Revision <= revision {
			t.At = m.Time
		} else if t.Next.IsZero() {
			t.Next = m.Time
		}
	}
	return t
}
