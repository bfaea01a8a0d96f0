package datadir_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"etcdkit/snapshot"
	"etcdkit/snapshot/datadir"
	"etcdkit/snapshot/internal/waltest"
)

// TestAgainstServer applies random requests with the server's own packages, and
// compares its database with that of a directory whose WAL holds the last part of
// them.
func TestAgainstServer(t *testing.T) {
	t.Parallel()
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			against(t, seed)
		})
	}
}

func against(t *testing.T, seed uint64) {
	t.Helper()
	r := &requests{Rand: rand.New(rand.NewPCG(seed, 7))}
	path, dir := filepath.Join(t.TempDir(), "db"), t.TempDir()
	s := newServer(t, path)
	wal := waltest.NewSegment(0).State(1, memberID, 1).Mark(0, 0)
	before, after := r.IntN(300), 1+r.IntN(400)
	for i := range before + after {
		r.rev, r.auth = s.kv.Rev(), s.as.Revision()
		q := r.next()
		b, err := proto.Marshal(q)
		if err != nil {
			t.Fatal(err)
		}
		s.run(q)
		wal.Entry(0, 1, i+1, b)
		if i+1 == before || before == 0 && i == 0 {
			s.setIndex(uint64(i + 1))
			s.copyTo(t, dir)
		}
	}
	wal.Write(t, filepath.Join(dir, "member", "wal"), 0, 0)
	s.setIndex(uint64(before + after))
	wantPairs := s.pairs(t)
	s.close(t)
	wantBuckets := buckets(t, path)
	s = newServer(t, path) // one that runs answers with hashes it has stored at compactions
	wantHash := s.hash(t)
	s.close(t)
	compareWith(t, dir, wantHash, wantPairs, wantBuckets)
}

func compareWith(t *testing.T, dir string, wantHash snapshot.HashKV, wantPairs, wantBuckets map[string]string) {
	t.Helper()
	d, err := datadir.Open(t.Context(), dir, datadir.Options{Wait: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if got, err := d.HashKV(t.Context(), 0); got != wantHash || err != nil {
		t.Errorf("hash %+v, %v, want %+v", got, err, wantHash)
	}
	got := map[string]string{}
	for kv, err := range d.Keys(t.Context(), 0, snapshot.Range{}) {
		if err != nil {
			t.Fatal(err)
		}
		got[string(kv.Key)] = kv.String()
	}
	if !maps.Equal(got, wantPairs) {
		t.Errorf("keys:\n got %v\nwant %v", got, wantPairs)
	}
	got = map[string]string{}
	for _, name := range []string{"alarm", "auth", "authRoles", "authUsers", "cluster", "lease", "members", "members_removed", "meta"} {
		b, ok, err := d.Bucket(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			continue
		}
		c := b.Cursor(t.Context())
		for c.Next() {
			if string(c.Key()) != "finishedCompactRev" {
				got[name+" "+string(c.Key())] = string(c.Value())
			}
		}
		if c.Err() != nil {
			t.Fatal(c.Err())
		}
	}
	for k, v := range wantBuckets {
		if got[k] != v {
			t.Errorf("%q is %q, want %q", k, got[k], v)
		}
		delete(got, k)
	}
	for k, v := range got {
		t.Errorf("%q is %q, want nothing", k, v)
	}
}
