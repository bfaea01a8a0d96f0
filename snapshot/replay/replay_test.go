package replay_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/pkg/v3/traceutil"
	"go.etcd.io/etcd/server/v3/lease"
	"go.etcd.io/etcd/server/v3/storage/backend"
	"go.etcd.io/etcd/server/v3/storage/mvcc"
	"go.etcd.io/etcd/server/v3/storage/schema"
	"go.uber.org/zap"
	"google.golang.org/protobuf/proto"

	"etcdkit/snapshot"
	"etcdkit/snapshot/replay"
)

// store is a server's own store, changed at random, with a watch over all keys.
type store struct {
	*rand.Rand
	be     backend.Backend
	kv     mvcc.WatchableKV
	stream mvcc.WatchStream

	records   []record
	compacted int64
}

type record struct {
	rev        int64
	key, value []byte
}

// said is what the server said at a revision.
type said struct {
	snapshot.HashKV
	records int // of store.records up to it
}

func newStore(t *testing.T, seed uint64) *store {
	t.Helper()
	cfg := backend.DefaultBackendConfig(zap.NewNop())
	cfg.Path, cfg.UnsafeNoFsync, cfg.BatchInterval = filepath.Join(t.TempDir(), "db"), true, time.Hour
	s := &store{Rand: rand.New(rand.NewPCG(seed, 1)), be: backend.New(cfg), compacted: -1}
	tx := s.be.BatchTx()
	tx.Lock()
	schema.UnsafeCreateMetaBucket(tx)
	tx.UnsafeCreateBucket(schema.Lease)
	tx.Unlock()
	s.kv = mvcc.New(zap.NewNop(), s.be, &lease.FakeLessor{}, mvcc.StoreConfig{})
	t.Cleanup(func() {
		if err := s.kv.Close(); err != nil {
			t.Error(err)
		}
		if err := s.be.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (s *store) key() []byte { return fmt.Appendf(nil, "k%02d", s.IntN(30)) }

// change makes one revision, or none if it deletes nothing, or compacts.
func (s *store) change(t *testing.T) {
	t.Helper()
	switch s.IntN(12) {
	case 0:
		s.kv.DeleteRange(s.key(), s.key())
	case 1, 2:
		s.kv.DeleteRange(s.key(), nil)
	case 3, 4: // a transaction whose operations meet
		tx := s.kv.Write(traceutil.TODO())
		for range 1 + s.IntN(5) {
			if s.IntN(3) == 0 {
				tx.DeleteRange(s.key(), s.key())
			} else {
				tx.Put(s.key(), fmt.Appendf(nil, "t%d", s.IntN(1000)), lease.LeaseID(s.IntN(3)))
			}
		}
		tx.End()
	case 5:
		if s.IntN(4) > 0 || s.kv.Rev() <= s.compacted {
			return
		}
		rev := s.compacted + 1 + s.Int64N(s.kv.Rev()-s.compacted)
		done, err := s.kv.Compact(traceutil.TODO(), max(rev, 1))
		if err != nil {
			t.Fatal(err)
		}
		s.compacted = max(rev, 1)
		<-done
	default:
		s.kv.Put(s.key(), fmt.Appendf(nil, "v%d", s.IntN(1000)), lease.LeaseID(s.IntN(3)))
	}
}

// watch begins to record after the latest revision.
func (s *store) watch(t *testing.T) {
	t.Helper()
	s.stream = s.kv.NewWatchStream()
	t.Cleanup(s.stream.Close)
	if _, err := s.stream.Watch(context.Background(), 1, []byte{0}, []byte{}, s.kv.Rev()+1); err != nil {
		t.Fatal(err)
	}
}

// receive turns the events up to the latest revision into records.
func (s *store) receive(t *testing.T) {
	t.Helper()
	for len(s.records) == 0 || s.records[len(s.records)-1].rev < s.kv.Rev() {
		select {
		case resp := <-s.stream.Chan():
			for _, e := range resp.Events {
				s.record(t, e)
			}
		case <-time.After(time.Minute):
			t.Fatal("no event")
		}
	}
}

func (s *store) record(t *testing.T, e *mvccpb.Event) {
	t.Helper()
	rev, sub := e.Kv.ModRevision, uint64(0)
	for i := len(s.records) - 1; i >= 0 && s.records[i].rev == rev; i-- {
		sub++
	}
	key := binary.BigEndian.AppendUint64(nil, uint64(rev))
	key = binary.BigEndian.AppendUint64(append(key, '_'), sub)
	kv := e.Kv
	if e.Type == mvccpb.Event_DELETE {
		key, kv = append(key, 't'), &mvccpb.KeyValue{Key: kv.Key}
	}
	value, err := proto.Marshal(kv)
	if err != nil {
		t.Fatal(err)
	}
	s.records = append(s.records, record{rev, key, value})
}

// copyTo writes the database as it is.
func (s *store) copyTo(t *testing.T, path string) {
	t.Helper()
	s.be.ForceCommit()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	snap := s.be.Snapshot()
	if _, err = snap.WriteTo(f); err == nil {
		err = snap.Close()
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestAgainstServer brings snapshots to many later revisions, and compares the hash
// with what the server said at each, with the compact revision that it had.
func TestAgainstServer(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		s := newStore(t, seed)
		for range 60 {
			s.change(t)
		}
		s.kv.Put([]byte("last"), nil, 0)
		base := filepath.Join(t.TempDir(), "base")
		s.copyTo(t, base)
		s.watch(t)
		s.kv.Put([]byte("first"), nil, 0)
		var all []said
		for range 40 {
			for range s.IntN(20) {
				s.change(t)
			}
			s.receive(t)
			h, _, err := s.kv.HashStorage().HashByRev(s.kv.Rev())
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, said{snapshot.HashKV{Hash: h.Hash, Revision: h.Revision, CompactRevision: h.CompactRevision}, len(s.records)})
		}
		for _, want := range all {
			path := filepath.Join(t.TempDir(), "at")
			if got := s.at(t, base, path, want); got != want.HashKV {
				t.Fatalf("seed %d: got %+v, the server said %+v", seed, got, want.HashKV)
			}
		}
	}
}

// at brings a copy of base to what the server said, and returns its hash.
func (s *store) at(t *testing.T, base, path string, to said) snapshot.HashKV {
	t.Helper()
	content, err := os.ReadFile(base)
	if err == nil {
		err = os.WriteFile(path, content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	d, err := replay.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range s.records[:to.records] {
		if err := d.Append(r.key, r.value); err != nil {
			t.Fatal(err)
		}
	}
	if d.Revision() != to.Revision {
		t.Fatalf("the last record has revision %d, not %d", d.Revision(), to.Revision)
	}
	if err := d.Finish(replay.End{CompactRevision: to.CompactRevision, Leases: []snapshot.Lease{{ID: 1, TTL: 60, Remaining: 7}, {ID: 2, TTL: 9}}}); err != nil {
		t.Fatal(err)
	}
	f, err := snapshot.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.VerifyChecksum(t.Context()); err != nil || !f.HasChecksum() {
		t.Fatalf("the sha256: %v", err)
	}
	report, err := f.VerifyContent(t.Context())
	if err != nil || len(report.Faults) > 0 || report.Leases != 2 {
		t.Fatalf("%+v, %v", report, err)
	}
	h, err := f.HashKV(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// Records that do not follow, and a compaction of the future, are refused.
func TestRefused(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1)
	s.kv.Put([]byte("a"), nil, 0)
	path := filepath.Join(t.TempDir(), "db")
	s.copyTo(t, path)
	d, err := replay.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	key := func(rev, sub uint64) []byte {
		return binary.BigEndian.AppendUint64(append(binary.BigEndian.AppendUint64(nil, rev), '_'), sub)
	}
	for _, bad := range [][]byte{nil, key(1, 0), key(2, 0), append(key(2, 0), 't')} {
		if err := d.Append(bad, nil); err == nil {
			t.Errorf("%x was written after revision 2", bad)
		}
	}
	if err := d.Append(key(3, 0), nil); err != nil {
		t.Error(err)
	}
	if err := d.Finish(replay.End{CompactRevision: 4}); err == nil {
		t.Error("compacted at a revision that does not exist")
	}
	if err := d.Discard(); err != nil {
		t.Error(err)
	}
}
