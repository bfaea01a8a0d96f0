package follow_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"google.golang.org/protobuf/proto"

	"etcdkit/backup"
	"etcdkit/backup/backuptest"
	"etcdkit/backup/follow"
	"etcdkit/backup/increment"
	"etcdkit/backup/pack"
)

// world is a cluster, a repository, and what the followers said.
type world struct {
	t     *testing.T
	f     *fake
	s     *backuptest.Store
	now   func() time.Time
	mu    sync.Mutex
	lines []string
	last  follow.Status
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{t: t, f: newFake(seed), s: &backuptest.Store{}, now: time.Now}
	w.f.write(2)
	return w
}

func (w *world) options() follow.Options {
	repo := backup.New(w.s, "test", w.now)
	return follow.Options{
		Repo: repo, Packing: pack.Packing{Compression: pack.Zstd, Window: 1 << 16}, Endpoints: []string{"a", "b"}, Dial: w.f.dial,
		Save: func(ctx context.Context) (*backup.Backup, error) {
			snapshot := backuptest.Snapshot(w.t, backuptest.Contents{Keys: int(w.f.revision()) - 1})
			return repo.Save(ctx, bytes.NewReader(snapshot), backup.SaveOptions{Verify: backup.Readback, Origin: func(context.Context) (backup.Origin, error) {
				return backup.Origin{ClusterID: fmt.Sprintf("%x", w.f.id)}, nil
			}})
		},
		Flush: time.Second, FullEvery: time.Hour, MaxPending: 1 << 20,
		Tell: func(line string) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.lines = append(w.lines, line)
		},
		Report: func(s follow.Status) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.last = s
		},
	}
}

// run runs a follower until the returned function is called, which returns its
// error.
func (w *world) run(o follow.Options) (stop func() error) {
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan error, 1)
	go func() { done <- follow.Run(ctx, o) }()
	return func() error {
		cancel()
		return <-done
	}
}

// said reports whether a line that contains the text was told.
func (w *world) said(text string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Contains(strings.Join(w.lines, "\n"), text)
}

// await waits, in the time of the bubble, until everything is stored.
func (w *world) await() {
	w.t.Helper()
	for range 2000 {
		time.Sleep(time.Second)
		if end, err := follow.Newest(w.t.Context(), w.s); err == nil && end != nil && end.To >= w.f.revision() {
			return
		}
	}
	w.t.Fatalf("revision %d is not stored; %q", w.f.revision(), w.lines)
}

// check holds what is stored against the history: every record of the increments,
// and that nothing but gaps is missing. It returns how many increments and gaps
// there are.
func (w *world) check(from int64) (increments, gaps int) {
	w.t.Helper()
	l, err := increment.List(w.t.Context(), w.s)
	if err != nil || len(l.Unusable) > 0 {
		w.t.Fatalf("%v, %v", l, err)
	}
	covered := map[int64]bool{}
	for _, inc := range l.Increments {
		for _, g := range inc.Gaps {
			gaps++
			for rev := g.From + 1; rev <= g.To; rev++ {
				covered[rev] = true
			}
		}
		r, err := increment.Open(w.t.Context(), w.s, inc, increment.OpenOptions{})
		if err != nil {
			w.t.Fatal(err)
		}
		for {
			m, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				w.t.Fatal(err)
			}
			got := map[int64]int{}
			for rec, err := range r.Records() {
				if err != nil {
					w.t.Fatal(err)
				}
				w.record(rec)
				got[rec.Main]++
			}
			for rev := m.After + 1; rev <= m.To; rev++ {
				if got[rev] != len(w.f.history[rev]) {
					w.t.Errorf("%s: %d records of revision %d, not %d", inc.Object, got[rev], rev, len(w.f.history[rev]))
				}
				covered[rev] = true
			}
		}
		if err := r.Close(); err != nil {
			w.t.Error(err)
		}
	}
	for rev := from + 1; rev <= w.f.revision(); rev++ {
		if !covered[rev] {
			w.t.Errorf("revision %d is missing", rev)
		}
	}
	return len(l.Increments), gaps
}

// record compares a record with its event.
func (w *world) record(rec increment.Record) {
	w.t.Helper()
	events := w.f.history[rec.Main]
	if rec.Sub >= int64(len(events)) {
		w.t.Errorf("there is no record %d.%d", rec.Main, rec.Sub)
		return
	}
	e := events[rec.Sub]
	want := e.Kv
	if e.Type == mvccpb.Event_DELETE {
		want = &mvccpb.KeyValue{Key: e.Kv.Key}
	}
	if b, err := proto.Marshal(want); err != nil || !bytes.Equal(b, rec.Value) || rec.Tombstone != (e.Type == mvccpb.Event_DELETE) {
		w.t.Errorf("record %d.%d is %q", rec.Main, rec.Sub, rec.Value)
	}
}

// Whatever breaks, splits or fails, what is stored is what was written: watches
// that break, revisions that are split over responses, stores that fail or lie,
// clocks that jump, followers that are killed, and two at once.
func TestRandomFaults(t *testing.T) {
	t.Parallel()
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, seed)
				random := rand.New(rand.NewPCG(seed, 2)) //nolint:gosec // a test
				w.f.broken, w.f.split = 12, 3
				w.f.leases[5] = 60
				first := w.f.revision()
				var jump time.Duration
				var mu sync.Mutex
				w.now = func() time.Time {
					mu.Lock()
					defer mu.Unlock()
					return time.Now().Add(jump)
				}
				stop := w.run(w.options())
				w.await()
				chance := rand.New(rand.NewPCG(seed, 3)) //nolint:gosec // a test
				w.s.Fail(func(int, string) backuptest.Fault {
					if chance.IntN(6) > 0 {
						return backuptest.Fine
					}
					return []backuptest.Fault{backuptest.Before, backuptest.After, backuptest.Flip, backuptest.Cut}[chance.IntN(4)]
				})
				other := func() error { return nil }
				for round := range 60 {
					for range random.IntN(20) {
						w.f.write(1 + random.IntN(6))
					}
					time.Sleep(time.Duration(random.IntN(1500)) * time.Millisecond)
					mu.Lock()
					jump = time.Duration(random.IntN(7200)-3600) * time.Second
					mu.Unlock()
					switch {
					case round%20 == 7:
						_ = stop() // may fail while the store does
						stop = w.run(w.options())
					case round == 30:
						other = w.run(w.options())
					}
				}
				// A start fails if the store does; the last one must not.
				_, _ = stop(), other()
				w.s.Fail(nil)
				w.f.set(func() { w.f.broken = 0 })
				stop = w.run(w.options())
				w.await()
				if err := stop(); err != nil {
					t.Error(err)
				}
				if n, gaps := w.check(first); gaps > 0 {
					t.Errorf("%d gaps in %d increments; %q", gaps, n, w.lines)
				}
			})
		})
	}
}

// A follower that is killed at any operation of the store is continued by the
// next: nothing is missing, and nothing contradicts.
func TestKilledAtEachOperation(t *testing.T) {
	t.Parallel()
	for at := 1; ; at += 3 {
		ended := false
		for _, fault := range []backuptest.Fault{backuptest.Kill, backuptest.KillHit} {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 1)
				w.s.Fault = func(n int, _ string) backuptest.Fault {
					if n == at {
						return fault
					}
					return backuptest.Fine
				}
				stop := w.run(w.options())
				for range 26 { // more than are merged at once
					w.f.write(2)
					time.Sleep(1100 * time.Millisecond)
				}
				ended = w.s.Operations() < at
				_ = stop() // its store is gone
				revived := &backuptest.Store{}
				for name, content := range w.s.Content() {
					revived.Set(name, content)
				}
				w.s = revived
				stop = w.run(w.options())
				w.f.write(1)
				w.await()
				if err := stop(); err != nil {
					t.Error(err)
				}
				l, err := backup.New(w.s, "test", time.Now).List(t.Context())
				if err != nil || len(l.Backups) == 0 {
					t.Fatalf("operation %d: %v, %v", at, l, err)
				}
				if _, gaps := w.check(l.Backups[0].Revision); gaps > 0 {
					t.Errorf("operation %d: %d gaps", at, gaps)
				}
			})
			if t.Failed() {
				t.Fatalf("operation %d, fault %d", at, fault)
			}
		}
		if ended {
			return
		}
	}
}

// The revision to watch from was compacted: a full backup is taken, and the gap
// is recorded (reported mistake: the agent hangs).
func TestCompactedStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 3)
		first := w.f.revision()
		stop := w.run(w.options())
		w.await()
		w.f.write(1)
		w.await()
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		for range 10 {
			w.f.write(3)
		}
		w.f.set(func() { w.f.compact = w.f.header().Revision - 2 })
		stop = w.run(w.options())
		w.f.write(1)
		w.await()
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		if _, gaps := w.check(first); gaps != 1 || !w.said("gap: nothing is recorded between revision 3 and ") {
			t.Errorf("%d gaps; %q", gaps, w.lines)
		}
	})
}

// A cluster that was restored from a backup has another history, even if its
// revision is higher again: nothing of it is added to the old line (reported
// mistake: a timestamp resolved to an older line of history).
func TestOtherHistory(t *testing.T) {
	t.Parallel()
	for name, more := range map[string]int{"behind": -5, "same": 0, "ahead": 20} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 4)
				w.f.hashes = 2
				stop := w.run(w.options())
				w.await()
				for range 10 {
					w.f.write(2)
				}
				w.await()
				if err := stop(); err != nil {
					t.Fatal(err)
				}
				end := int(w.f.revision())
				w.f.set(func() { w.f.history = w.f.history[:4] })
				for int(w.f.revision()) < end+more {
					w.f.write(2)
				}
				stop = w.run(w.options())
				w.f.write(1)
				for range 60 {
					time.Sleep(time.Second)
				}
				if err := stop(); err != nil {
					t.Fatal(err)
				}
				lines, _, err := increment.Lines(t.Context(), w.s)
				if err != nil || len(lines) != 2 || !w.said("the history of the cluster is another one") {
					t.Errorf("lines %q, %v; %q", lines, err, w.lines)
				}
			})
		})
	}
}

// Behind a store that is down, records wait in a temporary file up to the limit;
// then the watch is no longer read. Nothing is lost.
func TestStoreDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 5)
		first := w.f.revision()
		o := w.options()
		o.MaxPending = 4000
		stop := w.run(o)
		w.await()
		w.s.Fail(func(int, string) backuptest.Fault { return backuptest.Before })
		for range 300 {
			w.f.write(3)
			time.Sleep(time.Second)
		}
		if !w.said("the repository failed") || !w.said("the watch pauses") {
			t.Errorf("%q", w.lines)
		}
		w.s.Fail(nil)
		w.await()
		if err := stop(); err != nil {
			t.Error(err)
		}
		if _, gaps := w.check(first); gaps > 0 || !w.said("the repository works again") || !w.said("resuming the watch") {
			t.Errorf("%d gaps; %q", gaps, w.lines)
		}
	})
}

// Of two followers, one stores and the other stands by; if the first ends, the
// second continues (reported mistake: two writers upload overlapping increments).
func TestTwoFollowers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 6)
		first := w.f.revision()
		one := w.run(w.options())
		w.await()
		two := w.run(w.options())
		for range 30 {
			w.f.write(2)
			time.Sleep(700 * time.Millisecond)
		}
		if !w.said("standing by") {
			t.Errorf("%q", w.lines)
		}
		if err := one(); err != nil {
			t.Error(err)
		}
		for range 30 {
			w.f.write(2)
			time.Sleep(700 * time.Millisecond)
		}
		w.await()
		if err := two(); err != nil {
			t.Error(err)
		}
		if _, gaps := w.check(first); gaps > 0 {
			t.Errorf("%d gaps", gaps)
		}
		after := int64(-1)
		l, err := increment.List(t.Context(), w.s)
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(l.Increments, func(a, b *increment.Increment) int { return cmp.Compare(a.First, b.First) })
		for _, inc := range l.Increments {
			if after >= 0 && inc.After != after {
				t.Errorf("%s begins after %d, not %d", inc.Object, inc.After, after)
			}
			after = inc.To
		}
	})
}

// While nothing is written, an increment is stored now and then, so that a check
// of the lag passes, and a compaction is noticed.
func TestIdle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 7)
		stop := w.run(w.options())
		w.await()
		w.f.write(1)
		w.await()
		w.f.set(func() { w.f.compact = 2; w.f.leases[9] = 30 })
		time.Sleep(10 * time.Minute)
		end, err := follow.Newest(t.Context(), w.s)
		if err != nil || time.Since(end.Time) > 10*time.Second || end.CompactRevision != 2 || end.Leases != 1 || len(end.Points) == 0 {
			t.Errorf("%+v, %v", end, err)
		}
		if n, _ := w.check(2); n > 60 {
			t.Errorf("%d increments in ten idle minutes are not merged", n)
		}
		noticed := 0
		l, err := increment.List(t.Context(), w.s)
		if err != nil {
			t.Fatal(err)
		}
		for _, inc := range l.Increments {
			noticed += len(inc.Compactions)
		}
		if noticed != 1 {
			t.Errorf("the compaction was noticed %d times", noticed)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

// A store that fails at the start is an error at once.
func TestStartFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 8)
		w.s.Fail(func(int, string) backuptest.Fault { return backuptest.Before })
		if err := follow.Run(t.Context(), w.options()); !errors.Is(err, backuptest.ErrFault) {
			t.Errorf("%v", err)
		}
		w.s.Fail(nil)
		w.f.set(func() { w.f.down = true })
		if err := follow.Run(t.Context(), w.options()); err == nil {
			t.Error("a cluster that is down is followed")
		}
	})
}
