package backup_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"flag"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"etcdkit/backup"
	"etcdkit/backup/backuptest"
)

var faults = flag.Int("faults", 300, "faults of the store in TestManyFaults")

// TestManyFaults saves, verifies, copies and prunes at random, while the store
// fails at random. After each step, every listed backup is read and verified down
// to every record; a step that succeeded has had its effect; and the newest
// verified backup is still there.
func TestManyFaults(t *testing.T) {
	t.Parallel()
	f := &faulty{r: rand.New(rand.NewPCG(14, 14)), clock: start, seen: map[[sha256.Size]byte]bool{}}
	for range 4 {
		f.snapshots = append(f.snapshots, backuptest.Snapshot(t, backuptest.Contents{Keys: 1 + f.r.IntN(30), Value: f.r.IntN(200)}))
	}
	main, second := map[string][]byte{}, map[string][]byte{}
	for f.count < *faults {
		f.clock = f.clock.Add(time.Duration(f.r.Int64N(int64(8*time.Hour))) - time.Hour) // it sometimes runs backwards
		newest := newestVerified(t, main)
		s, to := f.store(main), f.store(second)
		r := backup.New(s, "etcdctl test", f.now)
		var saved string
		var err error
		switch step := f.r.IntN(10); {
		case step < 5:
			saved, err = f.save(t, r)
		case step < 7:
			err = f.verify(t, r)
		case step < 8:
			err = f.copy(t, r, backup.New(to, "etcdctl test", f.now))
		default:
			var plan *backup.Plan
			if plan, err = r.Plan(t.Context(), backup.Policy{Last: f.r.IntN(3), Daily: 1 + f.r.IntN(3)}); err == nil {
				err = r.Apply(t.Context(), plan, nil)
			}
		}
		if err != nil && !errors.Is(err, backuptest.ErrFault) && !errors.Is(err, backup.ErrDamaged) && !strings.Contains(err.Error(), "exist") && !strings.Contains(err.Error(), "not found") {
			t.Fatalf("after %d faults: %v", f.count, err)
		}
		main, second = s.Content(), to.Content()
		names := f.good(t, main)
		if saved != "" && !slices.Contains(names, saved) {
			t.Fatalf("after %d faults: %s was saved and is not listed", f.count, saved)
		}
		if newest != "" && !slices.Contains(names, newest) && !reported(t, main, newest) {
			t.Fatalf("after %d faults: the newest verified backup %s is gone", f.count, newest)
		}
		f.good(t, second)
		for _, objects := range []map[string][]byte{main, second} {
			if len(objects) > 40 { // what faults leave would make each step slower
				clear(objects)
			}
		}
	}
	t.Logf("%d faults in %d steps of %d operations", f.count, f.steps, f.operations)
}

// faulty makes random steps on stores that fail at random.
type faulty struct {
	r                        *rand.Rand
	clock                    time.Time
	snapshots                [][]byte
	count, steps, operations int
	seen                     map[[sha256.Size]byte]bool
}

func (f *faulty) now() time.Time { return f.clock }

// store returns a store of these objects that fails in one operation of six.
func (f *faulty) store(objects map[string][]byte) *backuptest.Store {
	f.steps++
	s := &backuptest.Store{Now: f.now}
	for name, content := range objects {
		s.Set(name, content)
	}
	s.Fault = func(int, string) backuptest.Fault {
		f.operations++
		if f.r.IntN(6) > 0 {
			return backuptest.Fine
		}
		f.count++
		return backuptest.Fault(1 + f.r.IntN(int(backuptest.Cut)))
	}
	return s
}

func (f *faulty) save(t *testing.T, r *backup.Repository) (string, error) {
	how := []backup.How{backup.Readback, backup.Readback, backup.Deep}[f.r.IntN(3)]
	o := backup.SaveOptions{Verify: how, Packing: backup.Packing{Compression: []backup.Compression{backup.Zstd, backup.Uncompressed}[f.r.IntN(2)]}}
	b, err := trySave(t.Context(), r, f.snapshots[f.r.IntN(len(f.snapshots))], o)
	if err != nil {
		return "", err
	}
	return b.Name, nil
}

// verify verifies a backup as the command does.
func (f *faulty) verify(t *testing.T, r *backup.Repository) error {
	l, err := r.List(t.Context())
	if err != nil || len(l.All()) == 0 {
		return err
	}
	b := l.All()[f.r.IntN(len(l.All()))]
	p, err := r.Open(t.Context(), &b.Manifest, nil)
	problem := ""
	switch {
	case errors.Is(err, backup.ErrDamaged):
		problem = err.Error()
	case err != nil:
		return err
	default:
		p.Close()
	}
	return r.AddRecord(t.Context(), b, backup.Deep, problem)
}

func (f *faulty) copy(t *testing.T, r, to *backup.Repository) error {
	l, err := r.List(t.Context())
	if err != nil || len(l.Backups) == 0 {
		return err
	}
	return r.Copy(t.Context(), l.Backups[f.r.IntN(len(l.Backups))], to)
}

// good lists the backups of these objects, each of which must verify. The same
// bytes are verified once.
func (f *faulty) good(t *testing.T, objects map[string][]byte) []string {
	t.Helper()
	s := &backuptest.Store{}
	for name, content := range objects {
		s.Set(name, content)
	}
	l, err := repository(s).List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, b := range l.Backups {
		key := sha256.Sum256(append(bytes.Clone(objects[b.Name+"/manifest.json"]), objects[b.Name+"/"+b.Data]...))
		if !f.seen[key] {
			verifies(t, repository(s), b)
			f.seen[key] = true
		}
		names = append(names, b.Name)
	}
	if !maps.EqualFunc(objects, s.Content(), bytes.Equal) {
		t.Fatal("reading has changed something")
	}
	return names
}

// newestVerified is the newest good backup that was verified.
func newestVerified(t *testing.T, objects map[string][]byte) string {
	t.Helper()
	s := &backuptest.Store{}
	for name, content := range objects {
		s.Set(name, content)
	}
	l, err := repository(s).List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range l.Backups {
		if _, how := b.Verification(); how != backup.None {
			return b.Name
		}
	}
	return ""
}

// reported reports whether a backup exists and has a record of a problem, which a
// bit that flipped while it was read causes.
func reported(t *testing.T, objects map[string][]byte, name string) bool {
	t.Helper()
	s := &backuptest.Store{}
	for object, content := range objects {
		s.Set(object, content)
	}
	b, err := repository(s).Find(t.Context(), name)
	return err == nil && b.Damage != ""
}
