package backup_test

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"etcdkit/backup"
	"etcdkit/backup/backuptest"
	"etcdkit/backup/store"
)

// A restore while a prune removes the backup fails; it never delivers a part
// (a reported mistake).
func TestRestoreWhilePruned(t *testing.T) {
	t.Parallel()
	s := &backuptest.Store{}
	r := repository(s)
	b := save(t, r, backuptest.Snapshot(t, backuptest.Contents{Keys: 3}), backup.SaveOptions{})
	s.Fault = func(_ int, operation string) backuptest.Fault {
		if strings.HasPrefix(operation, "get ") {
			return backuptest.Cut // as a file that is removed and replaced while it is read
		}
		return backuptest.Fine
	}
	if _, err := r.Open(t.Context(), &b.Manifest, nil); !errors.Is(err, backup.ErrDamaged) {
		t.Errorf("cut: %v", err)
	}
	s.Fault = nil
	s.Set(b.Name+"/snapshot.db", nil)
	failed := (*backup.StoreError)(nil)
	if _, err := r.Open(t.Context(), &b.Manifest, nil); !errors.As(err, &failed) || !errors.Is(err, store.ErrNotFound) {
		t.Errorf("removed: %v", err)
	}
}

// Listing, verifying and restoring write nothing, so they work on a store that is
// full or read-only (a reported mistake: a list that writes a lock), and a restore
// leaves the backup as it is.
func TestReadingWritesNothing(t *testing.T) {
	t.Parallel()
	s := &backuptest.Store{}
	r := repository(s)
	b := save(t, r, backuptest.Snapshot(t, backuptest.Contents{Keys: 3}), backup.SaveOptions{})
	before := s.Content()
	s.Fault = func(_ int, operation string) backuptest.Fault {
		if strings.HasPrefix(operation, "put ") || strings.HasPrefix(operation, "delete ") {
			t.Errorf("%s", operation)
			return backuptest.Before
		}
		return backuptest.Fine
	}
	found, err := r.Find(t.Context(), "latest")
	if err != nil || found.Name != b.Name {
		t.Fatal(found, err)
	}
	verifies(t, r, found)
	if err := r.Readback(t.Context(), &found.Manifest); err != nil {
		t.Error(err)
	}
	if _, err := r.Plan(t.Context(), backup.Policy{Last: 1}); err != nil {
		t.Error(err)
	}
	if !maps.EqualFunc(s.Content(), before, bytes.Equal) {
		t.Error("the repository changed")
	}
}

// A job that stopped, that only pretends to work, or that saves less and less is
// noticed (a reported mistake: nobody noticed).
func TestCheck(t *testing.T) {
	t.Parallel()
	at := func(hours int, size int64, how backup.How) *backup.Backup {
		return &backup.Backup{Manifest: backup.Manifest{
			Name: "b", Time: start.Add(-time.Duration(hours) * time.Hour), Plain: backup.Sum{Size: size}, Verified: how,
		}}
	}
	limits := backup.Limits{MaxAge: 26 * time.Hour, MinSizeRatio: 0.5}
	for name, tt := range map[string]struct {
		backups        []*backup.Backup
		tooOld, shrunk bool
	}{
		"none":               {nil, true, false},
		"young":              {[]*backup.Backup{at(1, 100, backup.Readback), at(25, 90, backup.Readback)}, false, false},
		"just old enough":    {[]*backup.Backup{at(26, 100, backup.Deep)}, false, false},
		"old":                {[]*backup.Backup{at(27, 100, backup.Deep)}, true, false},
		"young but unproven": {[]*backup.Backup{at(1, 100, backup.None), at(27, 100, backup.Readback)}, true, false},
		"shrunk":             {[]*backup.Backup{at(1, 49, backup.Readback), at(2, 100, backup.Readback), at(3, 100, backup.Readback), at(4, 10, backup.Readback)}, false, true},
		"from the future":    {[]*backup.Backup{at(-2, 100, backup.Readback)}, true, false},
	} {
		h := (&backup.Listing{Backups: tt.backups}).Check(start, limits)
		if (h.TooOld != "") != tt.tooOld || (h.Shrunk != "") != tt.shrunk {
			t.Errorf("%s: %+v", name, h)
		}
	}
}

// A name is a backup's, the beginning of exactly one, or an error that says what
// to do. A leftover is never latest.
func TestFind(t *testing.T) {
	t.Parallel()
	s := &backuptest.Store{}
	r := repository(s)
	if _, err := r.Find(t.Context(), "latest"); err == nil || !strings.Contains(err.Error(), "no good backup") {
		t.Errorf("empty: %v", err)
	}
	snapshot := backuptest.Snapshot(t, backuptest.Contents{Keys: 3})
	first := save(t, r, snapshot, backup.SaveOptions{})
	r.Now = func() time.Time { return start.Add(time.Minute) }
	second := save(t, r, snapshot, backup.SaveOptions{})
	s.Set("20270101T000000Z-9-00000000/snapshot.db", snapshot)
	for name, want := range map[string]string{
		"latest": second.Name, first.Name: first.Name, "20261130T021400Z": first.Name, second.Name[:len(second.Name)-1]: second.Name,
	} {
		if b, err := r.Find(t.Context(), name); err != nil || b.Name != want {
			t.Errorf("%s: %v, %v", name, b, err)
		}
	}
	for name, want := range map[string]string{
		"2026": "is ambiguous: 2 backups begin with it", "2025": "there is no backup", "": "there is no backup",
		"20270101T000000Z-9-00000000": "is no usable backup: no manifest",
	} {
		if b, err := r.Find(t.Context(), name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, %v", name, b, err)
		}
	}
}

// A copy has the same bytes, verified there, whatever fails on the way.
func TestCopyFaults(t *testing.T) {
	t.Parallel()
	from := &backuptest.Store{}
	r := repository(from)
	save(t, r, backuptest.Snapshot(t, backuptest.Contents{Keys: 3}), backup.SaveOptions{})
	b, err := r.Find(t.Context(), "latest")
	if err != nil {
		t.Fatal(err)
	}
	if err := r.AddRecord(t.Context(), b, backup.Deep, ""); err != nil {
		t.Fatal(err)
	}
	if b, err = r.Find(t.Context(), "latest"); err != nil {
		t.Fatal(err)
	}
	for fault := backuptest.Fine; fault <= backuptest.Cut; fault++ {
		for at, done := 1, false; !done; at++ {
			to := &backuptest.Store{Fault: func(n int, _ string) backuptest.Fault {
				if n == at {
					return fault
				}
				return backuptest.Fine
			}}
			err := r.Copy(t.Context(), b, repository(to))
			done = to.Operations() < at
			to = revived(to)
			l, listErr := repository(to).List(t.Context())
			if listErr != nil {
				t.Fatal(listErr)
			}
			for _, c := range l.Backups {
				verifies(t, repository(to), c)
			}
			if err == nil && !maps.EqualFunc(to.Content(), from.Content(), bytes.Equal) {
				t.Errorf("fault %d at %d: success with %v", fault, at, slices.Sorted(maps.Keys(to.Content())))
			}
		}
	}
}

// What a killed save leaves in a directory is shown, is no backup, and goes a day
// later.
func TestLeftoversInADirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	clock := time.Now()
	r := backup.New(store.NewDir(dir), "etcdctl test", func() time.Time { return clock })
	kept := save(t, r, backuptest.Snapshot(t, backuptest.Contents{}), backup.SaveOptions{}).Name
	below := filepath.Join(dir, "20260101T000000Z-5-00000000")
	if err := os.Mkdir(below, 0o700); err != nil {
		t.Fatal(err)
	}
	part := filepath.Join(below, ".snapshot.db.zst.0011223344556677.part")
	if err := os.WriteFile(part, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	uploads, err := r.Uploads(t.Context())
	if err != nil || len(uploads) != 1 || uploads[0].Name != "20260101T000000Z-5-00000000/snapshot.db.zst" {
		t.Fatalf("%+v, %v", uploads, err)
	}
	prune(t, r, backup.Policy{Last: 1})
	if _, err := os.Stat(part); err != nil {
		t.Error("an upload that may still be running is gone")
	}
	clock = clock.Add(backup.Grace + time.Minute)
	prune(t, r, backup.Policy{Last: 1})
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != kept {
		t.Errorf("left %v, %v", entries, err)
	}
}
