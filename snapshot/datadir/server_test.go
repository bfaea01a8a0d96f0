package datadir_test

import (
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/client/pkg/v3/types"
	"go.etcd.io/etcd/server/v3/auth"
	"go.etcd.io/etcd/server/v3/etcdserver/api/membership"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3alarm"
	"go.etcd.io/etcd/server/v3/etcdserver/apply"
	"go.etcd.io/etcd/server/v3/etcdserver/cindex"
	"go.etcd.io/etcd/server/v3/lease"
	"go.etcd.io/etcd/server/v3/storage/backend"
	"go.etcd.io/etcd/server/v3/storage/mvcc"
	"go.etcd.io/etcd/server/v3/storage/schema"
	"go.uber.org/zap"

	"etcdkit/snapshot"
)

// memberID is the member that internal/waltest writes into a WAL.
const memberID = 7

// server is the part of an etcd server that applies requests: its own packages,
// on a database of its own.
type server struct {
	be    backend.Backend
	kv    mvcc.KV
	le    lease.Lessor
	as    auth.AuthStore
	apply apply.UberApplier
}

// status answers what responses contain of raft, and nothing depends on.
type status struct{}

func (status) MemberID() types.ID     { return memberID }
func (status) Leader() types.ID       { return memberID }
func (status) CommittedIndex() uint64 { return 0 }
func (status) AppliedIndex() uint64   { return 0 }
func (status) Term() uint64           { return 0 }
func (status) ForceSnapshot()         {}

// newServer starts a server on a new database.
func newServer(t testing.TB, path string) *server {
	t.Helper()
	lg := zap.NewNop()
	cfg := backend.DefaultBackendConfig(lg)
	cfg.Path, cfg.UnsafeNoFsync, cfg.BatchInterval = path, true, time.Hour
	s := &server{be: backend.New(cfg)}
	tx := s.be.BatchTx()
	tx.Lock()
	schema.UnsafeCreateMetaBucket(tx)
	tx.Unlock()
	members := schema.NewMembershipBackend(lg, s.be)
	members.MustCreateBackendBuckets()
	cluster := membership.NewCluster(lg)
	cluster.SetBackend(members)
	cluster.AddMember(&membership.Member{ID: memberID, RaftAttributes: membership.RaftAttributes{PeerURLs: []string{"http://a:1"}}}, true)
	s.le = lease.NewLessor(lg, s.be, cluster, lease.LessorConfig{MinLeaseTTL: 2, CheckpointPersist: true})
	s.kv = mvcc.NewStore(lg, s.be, s.le, mvcc.StoreConfig{})
	alarms, err := v3alarm.NewAlarmStore(lg, schema.NewAlarmBackend(lg, s.be))
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := auth.NewTokenProvider(lg, "simple", func(uint64) <-chan struct{} { c := make(chan struct{}); close(c); return c }, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	s.as = auth.NewAuthStore(lg, schema.NewAuthBackend(lg, s.be), tokens, 4)
	s.apply = apply.NewUberApplier(apply.ApplierOptions{
		Logger: lg, KV: s.kv, AlarmStore: alarms, AuthStore: s.as, Lessor: s.le, Cluster: cluster,
		RaftStatus: status{}, SnapshotServer: status{}, ConsistentIndex: cindex.NewConsistentIndex(s.be),
		Backend: s.be, QuotaBackendBytesCfg: 1 << 40, WarningApplyDuration: time.Hour,
	})
	return s
}

// run applies a request, and waits for the end of a compaction.
func (s *server) run(r *pb.InternalRaftRequest) {
	result := s.apply.Apply(&apply.InternalRaftRequestWrapper{InternalRaftRequest: r, SkipRangeExecution: true}, membership.ApplyBoth)
	if result != nil && result.Physc != nil && result.Err == nil {
		<-result.Physc
	}
}

// setIndex says which entry the database has seen last.
func (s *server) setIndex(index uint64) {
	tx := s.be.BatchTx()
	tx.Lock()
	tx.UnsafePut(schema.Meta, schema.MetaConsistentIndexKeyName, binary.BigEndian.AppendUint64(nil, index))
	tx.UnsafePut(schema.Meta, schema.MetaTermKeyName, binary.BigEndian.AppendUint64(nil, 1))
	tx.Unlock()
	s.be.ForceCommit()
}

func (s *server) close(t testing.TB) {
	t.Helper()
	s.be.ForceCommit()
	if err := s.as.Close(); err != nil {
		t.Error(err)
	}
	s.le.Stop()
	if err := s.kv.Close(); err != nil {
		t.Error(err)
	}
	if err := s.be.Close(); err != nil {
		t.Error(err)
	}
}

// copyTo writes the database to a data directory.
func (s *server) copyTo(t testing.TB, dir string) {
	t.Helper()
	path := snapshot.DataDirFile(dir)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	snap := s.be.Snapshot()
	_, err = snap.WriteTo(f)
	if err == nil {
		err = snap.Close()
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// hash is the server's answer to "endpoint hashkv".
func (s *server) hash(t testing.TB) snapshot.HashKV {
	t.Helper()
	h, _, err := s.kv.HashStorage().HashByRev(s.kv.Rev())
	if err != nil {
		t.Fatal(err)
	}
	return snapshot.HashKV{Hash: h.Hash, Revision: h.Revision, CompactRevision: h.CompactRevision}
}

// pairs are all keys.
func (s *server) pairs(t testing.TB) map[string]string {
	t.Helper()
	r, err := s.kv.Range(context.Background(), []byte{0}, []byte{}, mvcc.RangeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, kv := range r.KVs {
		all[string(kv.Key)] = kv.String()
	}
	return all
}

// buckets are the contents of a database, without those of the bucket of keys.
func buckets(t testing.TB, path string) map[string]string {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	all := map[string]string{}
	err = db.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
			return b.ForEach(func(k, v []byte) error {
				if string(name) != "key" && string(k) != "finishedCompactRev" {
					all[string(name)+" "+string(k)] = string(v)
				}
				return nil
			})
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
