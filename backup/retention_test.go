package backup_test

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"etcdkit/backup"
	"etcdkit/backup/backuptest"
)

// schedules is how many random schedules TestRetention decides; "make soak"
// gives more.
var schedules = flag.Int("schedules", 20_000, "random schedules of backups")

// TestRetention compares the decisions with a model that is as slow and plain as
// can be, on random schedules with clocks that jump, changes of the clock's
// zone, several clusters, damaged and unverified backups.
func TestRetention(t *testing.T) {
	t.Parallel()
	var zones []*time.Location
	for _, name := range []string{"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"} {
		if z, err := time.LoadLocation(name); err == nil {
			zones = append(zones, z)
		}
	}
	for seed := range uint64(*schedules) {
		r := rand.New(rand.NewPCG(seed, 14))
		all := schedule(r, zones)
		p := policy(r)
		got := map[string]bool{}
		for _, d := range p.Decide(all) {
			got[d.Backup.Name] = d.Keep
			if d.Why == "" {
				t.Errorf("seed %d: no reason for %s", seed, d.Backup.Name)
			}
		}
		if want := model(p, all); !maps.Equal(got, want) {
			t.Fatalf("seed %d, %+v:\n got %v\nwant %v", seed, p, got, want)
		}
	}
}

// schedule returns backups, newest first by their manifests.
func schedule(r *rand.Rand, zones []*time.Location) []*backup.Backup {
	// Near a change of the clock's zone, and near the end of a year.
	starts := []time.Time{time.Date(2026, 3, 28, 20, 0, 0, 0, time.UTC), time.Date(2026, 10, 24, 20, 0, 0, 0, time.UTC), time.Date(2026, 12, 30, 0, 0, 0, 0, time.UTC)}
	at := starts[r.IntN(len(starts))]
	step := []time.Duration{10 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour, 5 * 24 * time.Hour, 40 * 24 * time.Hour}[r.IntN(6)]
	var all []*backup.Backup
	for i := range r.IntN(30) {
		at = at.Add(time.Duration(r.Int64N(int64(2 * step))))
		when := at
		if r.IntN(10) == 0 { // the clock of the machine jumped
			when = when.Add(time.Duration(r.Int64N(int64(20*step))) - 10*step)
		}
		b := &backup.Backup{Manifest: backup.Manifest{Name: fmt.Sprintf("b%02d", i), Time: when.In(zones[r.IntN(len(zones))]).Truncate(time.Second), Verified: backup.Readback}}
		b.ClusterID = []string{"a", "a", "a", "b"}[r.IntN(4)]
		if r.IntN(6) == 0 {
			b.Verified = backup.None
		}
		b.Unsure = r.IntN(8) == 0
		if r.IntN(8) == 0 {
			b.Damage = "bad"
		}
		all = append(all, b)
	}
	slices.SortFunc(all, func(a, b *backup.Backup) int {
		if c := b.Time.Compare(a.Time); c != 0 {
			return c
		}
		return strings.Compare(b.Name, a.Name)
	})
	return all
}

func policy(r *rand.Rand) backup.Policy {
	n := func() int { return max(0, r.IntN(8)-3) }
	p := backup.Policy{Last: n(), Hourly: n(), Daily: n(), Weekly: n(), Monthly: n(), Yearly: n()}
	if r.IntN(3) == 0 {
		p.Within = time.Duration(r.Int64N(int64(60 * 24 * time.Hour)))
	}
	return p
}

// model says of each backup whether it stays, from the words of the manual.
func model(p backup.Policy, all []*backup.Backup) map[string]bool {
	keep := map[string]bool{}
	for _, b := range all {
		keep[b.Name] = false
	}
	for _, b := range all {
		var newer, newerGood []*backup.Backup // of the same cluster
		for _, x := range all {
			if x == b {
				break
			}
			if x.ClusterID == b.ClusterID {
				newer = append(newer, x)
				if x.Damage == "" {
					newerGood = append(newerGood, x)
				}
			}
		}
		verified := func(x *backup.Backup) bool { return x.Damage == "" && x.Verified != backup.None }
		if b.Damage != "" {
			keep[b.Name] = !slices.ContainsFunc(newer, verified)
			continue
		}
		keep[b.Name] = (verified(b) || b.Unsure) && !slices.ContainsFunc(newer, verified) || len(newerGood) < p.Last
		newest := b
		if len(newerGood) > 0 {
			newest = newerGood[0]
		}
		keep[b.Name] = keep[b.Name] || p.Within > 0 && newest.Time.Sub(b.Time) <= p.Within
		for _, rule := range []struct {
			n      int
			period func(time.Time) int
		}{
			{p.Hourly, func(t time.Time) int { return int(t.Unix() / 3600) }},
			{p.Daily, func(t time.Time) int { return int(t.Unix() / 86400) }},
			{p.Weekly, func(t time.Time) int { return int((t.Unix()/86400 + 3) / 7) }}, // 1970-01-01 was a Thursday
			{p.Monthly, func(t time.Time) int { return t.UTC().Year()*12 + int(t.UTC().Month()) }},
			{p.Yearly, func(t time.Time) int { return t.UTC().Year() }},
		} {
			periods := map[int]bool{}
			for _, x := range newerGood {
				periods[rule.period(x.Time)] = true
			}
			keep[b.Name] = keep[b.Name] || !periods[rule.period(b.Time)] && len(periods) < rule.n
		}
	}
	return keep
}

// Foreign files, other layouts and the store's own times change nothing, and are
// never removed (reported mistakes: retention by prefix or by modification time;
// the last good backup removed).
func TestPruneKeepsWhatIsNotOurs(t *testing.T) {
	t.Parallel()
	clock := start
	s := &backuptest.Store{Now: func() time.Time { return clock }}
	r := repository(s)
	r.Now = func() time.Time { return clock }
	snapshot := backuptest.Snapshot(t, backuptest.Contents{Keys: 2})
	var names []string
	for range 5 {
		names = append(names, save(t, r, snapshot, backup.SaveOptions{}).Name)
		clock = clock.Add(time.Hour)
	}
	foreign := []string{
		"20260101T000000Z-5-00000000.db", names[0] + "/notes.txt", names[0] + "/snapshot.db.gz", "v2/Full-00000000-00000009-1700000000.gz",
		"20260101T000000Z-5-0000000g/snapshot.db", "20260101T000000Z-5-00000000/deeper/manifest.json", "snapshot_2026-01-01_000000.db",
		"20269999T000000Z-5-00000000/snapshot.db",
		"increments/" + names[0] + "/0000000001.increment", "increments/" + names[0] + "/0000000001-0000000012.increment",
	}
	for _, name := range foreign {
		s.Set(name, []byte("not ours"))
	}
	s.Set("20260101T000000Z-5-00000000/snapshot.db", []byte("left by a killed save"))
	clock = clock.Add(time.Hour)
	prune(t, r, backup.Policy{Last: 2}) // the leftover is younger than the grace time
	if _, ok := s.Content()["20260101T000000Z-5-00000000/snapshot.db"]; !ok {
		t.Error("a save that may still be running lost its data")
	}
	clock = clock.Add(backup.Grace)
	prune(t, r, backup.Policy{Last: 2})
	var want []string
	for _, name := range names[3:] {
		want = append(want, name+"/manifest.json", name+"/snapshot.db")
	}
	if got := slices.Sorted(maps.Keys(s.Content())); !slices.Equal(got, slices.Sorted(slices.Values(append(want, foreign...)))) {
		t.Errorf("left %q", got)
	}
}

func prune(t testing.TB, r *backup.Repository, p backup.Policy) {
	t.Helper()
	plan, err := r.Plan(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Apply(t.Context(), plan, nil); err != nil {
		t.Fatal(err)
	}
}

// A prune that is killed in front of any operation leaves no backup in the list
// that can't be restored, and the next prune finishes its work.
func TestPruneKilled(t *testing.T) {
	t.Parallel()
	snapshot := backuptest.Snapshot(t, backuptest.Contents{Keys: 2})
	for _, fault := range []backuptest.Fault{backuptest.Before, backuptest.After, backuptest.Kill, backuptest.KillHit} {
		for at, done := 1, false; !done; at++ {
			full := &backuptest.Store{}
			clock := start
			r := repository(full)
			r.Now = func() time.Time { return clock }
			for range 3 {
				b := save(t, r, snapshot, backup.SaveOptions{})
				if err := r.AddRecord(t.Context(), b, backup.Deep, ""); err != nil {
					t.Fatal(err)
				}
				clock = clock.Add(time.Hour)
			}
			s := revived(full)
			s.Fault = func(n int, _ string) backuptest.Fault {
				if n == at {
					return fault
				}
				return backuptest.Fine
			}
			plan, err := repository(s).Plan(t.Context(), backup.Policy{Last: 1})
			if err == nil {
				err = repository(s).Apply(t.Context(), plan, nil)
			}
			done = s.Operations() < at
			if !done && !errors.Is(err, backuptest.ErrFault) {
				t.Fatalf("fault %d at %d: error %v", fault, at, err)
			}
			s = revived(s)
			l, err := repository(s).List(t.Context())
			if err != nil || len(l.Backups) == 0 {
				t.Fatalf("fault %d at %d: %+v, %v", fault, at, l, err)
			}
			for _, b := range l.Backups {
				verifies(t, repository(s), b)
			}
		}
	}
}
