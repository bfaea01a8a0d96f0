package increment_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"reflect"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"etcdkit/backup/backuptest"
	"etcdkit/backup/increment"
	"etcdkit/backup/pack"
	"etcdkit/backup/store"
)

const line = "20261130T021400Z-10-8d969eef"

func start() time.Time { return time.Date(2026, 11, 30, 2, 14, 0, 123e6, time.UTC) }

func identity(t testing.TB) *age.X25519Identity {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// records are two for each revision above after, up to to.
func records(after, to int64) (all []increment.Record) {
	for rev := after + 1; rev <= to; rev++ {
		all = append(all,
			increment.Record{Main: rev, Value: fmt.Appendf(nil, "value %d", rev)},
			increment.Record{Main: rev, Sub: 1, Tombstone: true, Value: []byte("key")})
	}
	return all
}

func leases(to int64) []increment.Lease {
	return []increment.Lease{{ID: 7, Granted: 60, Remaining: 59, Asked: start()}, {ID: -1, Granted: to, Remaining: -1, Asked: start()}}
}

func manifest(number, to int64) increment.Manifest {
	return increment.Manifest{
		Line: line, First: number, Last: number, Time: start(), By: "test", Follower: "f1", ClusterID: "c", Backup: line, BackupRevision: 10,
		To: to, Points: []increment.Point{{Revision: to, Time: start()}}, LeaseSource: increment.Polled, CompactRevision: -1,
		Hashes: []increment.Hash{{Revision: to, CompactRevision: -1, HashKV: uint32(to), MemberID: "m"}}, //nolint:gosec // small
	}
}

// pending is an increment with these records.
func pending(t testing.TB, p pack.Packing, m increment.Manifest, after int64) *increment.Pending {
	t.Helper()
	w, err := increment.NewWriter(p, after)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records(after, m.To) {
		if err := w.Append(r); err != nil {
			t.Fatal(err)
		}
	}
	done, err := w.Finish(m, leases(m.To))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = done.Close() })
	return done
}

func put(t testing.TB, s store.Store, p pack.Packing, number, after, to int64) *increment.Increment {
	t.Helper()
	inc, err := pending(t, p, manifest(number, to), after).Put(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return inc
}

// read reads an increment to its end.
func read(ctx context.Context, s store.Store, inc *increment.Increment, o increment.OpenOptions) (all []increment.Record, parts []*increment.Manifest, err error) {
	r, err := increment.Open(ctx, s, inc, o)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	for {
		m, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all, parts, nil
		}
		if err != nil {
			return all, parts, err
		}
		parts = append(parts, m)
		for rec, err := range r.Records() {
			if err != nil {
				return all, parts, err
			}
			all = append(all, rec)
		}
		got, err := r.Leases()
		if err != nil {
			return all, parts, err
		}
		if want := leases(m.To); !reflect.DeepEqual(got, want) {
			return all, parts, fmt.Errorf("leases %v, not %v", got, want)
		}
	}
}

func packings(id *age.X25519Identity) map[string]pack.Packing {
	to := []age.Recipient{id.Recipient()}
	return map[string]pack.Packing{
		"records": {}, "records.zst": {Compression: pack.Zstd},
		"records.age": {Recipients: to}, "records.zst.age": {Compression: pack.Zstd, Recipients: to},
	}
}

// What is written is read, for each way to pack it, also after merging twice.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	id := identity(t)
	for name, p := range packings(id) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, s := t.Context(), &backuptest.Store{}
			all := []*increment.Increment{put(t, s, p, 1, 10, 20), put(t, s, p, 2, 20, 20), put(t, s, p, 3, 20, 25), put(t, s, p, 4, 25, 40)}
			if all[0].Data != name || all[0].Records != 20 || all[1].Records != 0 {
				t.Errorf("%+v", all[0])
			}
			one, err := increment.Merge(ctx, s, all[:2], increment.By{Program: "test", Follower: "f2"})
			if err != nil {
				t.Fatal(err)
			}
			whole, err := increment.Merge(ctx, s, []*increment.Increment{one, all[2], all[3]}, increment.By{Program: "test", Follower: "f3"})
			if err != nil {
				t.Fatal(err)
			}
			if err := increment.Remove(ctx, s, append(all, one)); err != nil {
				t.Fatal(err)
			}
			l, err := increment.List(ctx, s)
			if err != nil || len(l.Increments) != 1 || len(l.Unusable) != 0 || !reflect.DeepEqual(l.Increments[0], whole) {
				t.Fatalf("%+v, %v", l, err)
			}
			got, parts, err := read(ctx, s, l.Increments[0], increment.OpenOptions{Identities: []age.Identity{id}})
			if err != nil || !reflect.DeepEqual(got, records(10, 40)) || len(parts) != 4 {
				t.Errorf("%d records in %d parts, %v", len(got), len(parts), err)
			}
			got, _, err = read(ctx, s, whole, increment.OpenOptions{Identities: []age.Identity{id}, After: 22})
			if err != nil || !reflect.DeepEqual(got, records(20, 40)) {
				t.Errorf("after 22: %d records, %v", len(got), err)
			}
			if len(p.Recipients) > 0 {
				if _, _, err := read(ctx, s, whole, increment.OpenOptions{}); !errors.Is(err, pack.ErrIdentity) {
					t.Errorf("without an identity: %v", err)
				}
			}
		})
	}
}

// One changed or missing byte anywhere, or one more, is an error.
func TestDamage(t *testing.T) {
	t.Parallel()
	id := identity(t)
	o := increment.OpenOptions{Identities: []age.Identity{id}}
	for name, p := range packings(id) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &backuptest.Store{}
			a, b := put(t, s, p, 1, 10, 12), put(t, s, p, 2, 12, 14)
			inc, err := increment.Merge(t.Context(), s, []*increment.Increment{a, b}, increment.By{})
			if err != nil {
				t.Fatal(err)
			}
			good := s.Content()[inc.Object]
			try := func(what string, content []byte) {
				s.Set(inc.Object, content)
				l, err := increment.List(t.Context(), s)
				if err != nil {
					t.Fatal(err)
				}
				for _, found := range l.Increments {
					if found.Object != inc.Object {
						continue
					}
					got, _, err := read(t.Context(), s, found, o)
					if err == nil || !errors.Is(err, pack.ErrDamaged) && !errors.Is(err, pack.ErrIdentity) {
						t.Errorf("%s: %v", what, err)
					}
					if len(got) > len(records(10, 14)) {
						t.Errorf("%s: more records", what)
					}
				}
			}
			for i := 0; i < len(good); i += 7 {
				flipped := bytes.Clone(good)
				flipped[i] ^= 1 << (i % 8)
				try(fmt.Sprintf("bit in byte %d", i), flipped)
				try(fmt.Sprintf("cut at %d", i), good[:i])
			}
			try("one more", append(bytes.Clone(good), 0))
		})
	}
}

// Records that skip one or go back are refused.
func TestOrder(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string][]increment.Record{
		"before": {{Main: 10}}, "middle": {{Main: 11, Sub: 1}}, "skipped": {{Main: 11}, {Main: 11, Sub: 2}},
		"twice": {{Main: 11}, {Main: 11}}, "back": {{Main: 12}, {Main: 11}},
	} {
		w, err := increment.NewWriter(pack.Packing{}, 10)
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range bad {
			if err := w.Append(r); (err != nil) != (i == len(bad)-1) {
				t.Errorf("%s: record %d: %v", name, i, err)
			}
		}
		if err := w.Discard(); err != nil {
			t.Error(err)
		}
	}
	w, err := increment.NewWriter(pack.Packing{}, 10)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Append(increment.Record{Main: 12}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Finish(manifest(1, 11), nil); err == nil {
		t.Error("an increment with a record above its end")
	}
}

// Of two that store the same number, one succeeds, and the other changes nothing.
func TestTaken(t *testing.T) {
	t.Parallel()
	s := &backuptest.Store{}
	put(t, s, pack.Packing{}, 1, 10, 20)
	before := s.Content()
	m := manifest(1, 15)
	m.Follower = "f2"
	p := pending(t, pack.Packing{}, m, 10)
	if _, err := p.Put(t.Context(), s); !errors.Is(err, increment.ErrTaken) {
		t.Errorf("%v", err)
	}
	if !reflect.DeepEqual(s.Content(), before) {
		t.Error("the store was changed")
	}
	m = manifest(1, 20) // the same one again, as after a lost answer
	if _, err := pending(t, pack.Packing{}, m, 10).Put(t.Context(), s); err != nil {
		t.Errorf("again: %v", err)
	}
}

// Whatever operation of the store fails, or lies, calling Put again stores the
// increment.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, fault := range []backuptest.Fault{backuptest.Before, backuptest.After, backuptest.Flip, backuptest.Cut} {
		for at := 1; at <= 3; at++ {
			s := &backuptest.Store{}
			s.Fault = func(n int, _ string) backuptest.Fault {
				if n == at {
					return fault
				}
				return backuptest.Fine
			}
			p := pending(t, pack.Packing{Compression: pack.Zstd}, manifest(1, 20), 10)
			var inc *increment.Increment
			err := errors.New("not tried")
			for try := 0; try < 4 && err != nil; try++ {
				inc, err = p.Put(t.Context(), s)
			}
			if err != nil {
				t.Errorf("fault %d at operation %d: %v", fault, at, err)
				continue
			}
			s.Fault = nil
			if got, _, err := read(t.Context(), s, inc, increment.OpenOptions{}); err != nil || !reflect.DeepEqual(got, records(10, 20)) {
				t.Errorf("fault %d at operation %d: %d records, %v", fault, at, len(got), err)
			}
		}
	}
}

// A list that finds an increment gone, because it was merged meanwhile, finds the
// larger one.
func TestListWhileMerged(t *testing.T) {
	t.Parallel()
	s := &backuptest.Store{}
	a, b := put(t, s, pack.Packing{}, 1, 10, 12), put(t, s, pack.Packing{}, 2, 12, 14)
	s.Fault = func(_ int, operation string) backuptest.Fault {
		if strings.HasPrefix(operation, "get "+a.Object) {
			s.Fault = nil
			return backuptest.Before
		}
		return backuptest.Fine
	}
	if _, err := increment.List(t.Context(), s); !errors.Is(err, backuptest.ErrFault) {
		t.Errorf("a list of a store that fails: %v", err)
	}
	vanishing := &vanish{Store: s, then: func() {
		if _, err := increment.Merge(t.Context(), s, []*increment.Increment{a, b}, increment.By{}); err != nil {
			t.Error(err)
		}
		if err := increment.Remove(t.Context(), s, []*increment.Increment{a, b}); err != nil {
			t.Error(err)
		}
	}}
	l, err := increment.List(t.Context(), vanishing)
	if err != nil || len(l.Increments) != 1 || !l.Increments[0].Merged() {
		t.Errorf("%+v, %v", l, err)
	}
}

// vanish does something between the first list and what follows.
type vanish struct {
	*backuptest.Store
	then func()
}

func (v *vanish) List(ctx context.Context, prefix string) iter.Seq2[store.Object, error] {
	return func(yield func(store.Object, error) bool) {
		var all []store.Object
		for o, err := range v.Store.List(ctx, prefix) {
			if err != nil {
				yield(o, err)
				return
			}
			all = append(all, o)
		}
		if v.then != nil {
			v.then()
			v.then = nil
		}
		for _, o := range all {
			if !yield(o, nil) {
				return
			}
		}
	}
}

// Whatever is in the place of an increment is read or refused.
func FuzzIncrement(f *testing.F) {
	s := &backuptest.Store{}
	p := pack.Packing{}
	a, b := put(f, s, p, 1, 10, 12), put(f, s, p, 2, 12, 14)
	inc, err := increment.Merge(f.Context(), s, []*increment.Increment{a, b}, increment.By{})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(s.Content()[a.Object])
	f.Add(s.Content()[inc.Object])
	f.Fuzz(func(t *testing.T, content []byte) {
		s := &backuptest.Store{}
		s.Set(a.Object, content)
		s.Set(inc.Object, content)
		l, err := increment.List(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range l.Increments {
			_, _, _ = read(t.Context(), s, found, increment.OpenOptions{})
		}
	})
}
