package timeline

import (
	"errors"
	"strings"
	"testing"
	"time"

	"etcdkit/backup"
	"etcdkit/backup/increment"
	"etcdkit/backup/store"
)

func start() time.Time { return time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC) }

func full(name string, minute int, revision int64) *backup.Backup {
	return &backup.Backup{Manifest: backup.Manifest{Name: name, Time: start().Add(time.Duration(minute) * time.Minute), Revision: revision}}
}

func inc(line string, minute int, after, to int64, gaps ...increment.Gap) *increment.Increment {
	at := start().Add(time.Duration(minute) * time.Minute)
	return &increment.Increment{Manifest: increment.Manifest{
		Line: line, Backup: line, After: after, To: to, Time: at, Gaps: gaps,
		Points: []increment.Point{{Revision: after, Time: at.Add(-30 * time.Second)}, {Revision: to, Time: at}},
	}}
}

// TestResolve is about two histories: the second began after a restore, and its
// revisions are those of the first one again. In between nothing is recorded.
func TestResolve(t *testing.T) {
	t.Parallel()
	l := &backup.Listing{Backups: []*backup.Backup{full("b", 60, 50), full("a", 0, 10)}}
	history := build(l, &increment.Listing{Increments: []*increment.Increment{
		inc("a", 1, 10, 40), inc("a", 1, 10, 20), inc("a", 2, 40, 100),
		inc("b", 61, 50, 70, increment.Gap{From: 100, To: 50, Line: "a"}), inc("b", 63, 80, 90),
	}})
	at := func(minute int) time.Time { return start().Add(time.Duration(minute) * time.Minute) }
	tests := []struct {
		name           string
		resolve        func() (*Target, error)
		line           string
		revision       int64
		increments     int
		refused, hints string
	}{
		{name: "time of the old history", resolve: func() (*Target, error) { return history.Time(t.Context(), store.Store(nil), at(1)) }, line: "a", revision: 40, increments: 1},
		{name: "end of the old history", resolve: func() (*Target, error) { return history.Time(t.Context(), nil, at(2)) }, line: "a", revision: 100, increments: 2},
		{name: "gap", resolve: func() (*Target, error) { return history.Time(t.Context(), nil, at(30)) }, refused: "in a gap", hints: "revision 100 (2026-11-30T12:02:00Z) and revision 50 (2026-11-30T13:00:00Z)"},
		{name: "before all", resolve: func() (*Target, error) { return history.Time(t.Context(), nil, at(-1)) }, refused: "before all", hints: "revision 10 "},
		{name: "beyond the end", resolve: func() (*Target, error) { return history.Time(t.Context(), nil, at(99)) }, refused: "beyond the end", hints: "revision 70 (2026-11-30T13:01:00Z); the increment after revision 70 is missing"},
		{name: "revision", resolve: func() (*Target, error) { return history.Revision(60) }, line: "b", revision: 60, increments: 1},
		{name: "revision of the backup", resolve: func() (*Target, error) { return history.Revision(50) }, line: "b", revision: 50},
		{name: "revision that only the old history has", resolve: func() (*Target, error) { return history.Revision(20) }, refused: "newest history", hints: "revision 50 "},
		{name: "revision that the newest history does not have any more", resolve: func() (*Target, error) { return history.Revision(85) }, refused: "beyond the end", hints: "revision 70 "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.resolve()
			if tt.refused != "" {
				var unknown *UnknownError
				if !errors.As(err, &unknown) || !strings.Contains(err.Error(), tt.refused) || !strings.Contains(err.Error(), tt.hints) {
					t.Errorf("%+v, %v", got, err)
				}
				return
			}
			if err != nil || got.Line != tt.line || got.Revision != tt.revision || len(got.Increments) != tt.increments || got.Backup.Name != tt.line {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

// TestGapOfOneHistory has a gap that a compaction left: older revisions are of the
// same history.
func TestGapOfOneHistory(t *testing.T) {
	t.Parallel()
	l := &backup.Listing{Backups: []*backup.Backup{full("b", 60, 200), full("a", 0, 10)}}
	history := build(l, &increment.Listing{Increments: []*increment.Increment{
		inc("a", 1, 10, 100), inc("b", 61, 200, 300, increment.Gap{From: 100, To: 200, Line: "a"}),
	}})
	if got, err := history.Revision(50); err != nil || got.Backup.Name != "a" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := history.Revision(150); err == nil || !strings.Contains(err.Error(), "revision 100 and revision 200 ") {
		t.Error(err)
	}
}

// TestParseTime reads times as people write them.
func TestParseTime(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Time{
		"2026-11-30T11:00:00Z": start().Add(-time.Hour), "2026-11-30T13:00:00+01:00": start(), "2026-11-30 12:00": start(),
		"10 minutes ago": start().Add(-10 * time.Minute), "1 day ago": start().Add(-24 * time.Hour), "1h30m ago": start().Add(-90 * time.Minute), "now": start(),
	} {
		if got, err := ParseTime(text, start()); err != nil || !got.Equal(want) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "ago", "-5m ago", "ten minutes ago", "99999999999 days ago", "5 moons ago", "2026-13-01"} {
		if got, err := ParseTime(text, start()); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}
