package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"etcdkit/e2e/cluster"
	"etcdkit/e2e/refs"
	"etcdkit/e2e/script"
)

// histories is how often a history is held against its server: after so many changes each time.
type histories struct{ checks, changes int }

func historyLength() histories {
	if *soak {
		return histories{checks: 150, changes: 200}
	}
	return histories{checks: 12, changes: 60}
}

// TestHistories changes a server of each release at random: keys are created,
// changed and deleted, alone, in transactions and with leases, and compactions
// are finished or still running. Now and then it saves a snapshot, whose
// hashkv, revision and number of keys have to agree with the server's, and
// whose status and verification with the results of upstream's programs.
func TestHistories(t *testing.T) {
	t.Parallel()
	eachRelease(t, func(t *testing.T, r release) {
		engine.Enter(t, script.TurnLong)
		prefix := "--"
		if r.line == "3.5" {
			prefix = "--experimental-"
		}
		// Small steps, so that many snapshots are taken during a compaction.
		c := startCluster(t, cluster.Options{Bin: r.bin, Dir: t.TempDir(),
			Args: []string{prefix + "compaction-batch-limit=20", prefix + "compaction-sleep-interval=10ms", "--unsafe-no-fsync"}})
		h := newRandomHistory(t, c, r.line, uint64(r.number))
		n := historyLength()
		for check := range n.checks {
			for range n.changes {
				h.change()
			}
			h.check(check)
			if t.Failed() {
				return
			}
		}
		if h.unfinished == 0 {
			t.Error("no snapshot was taken during a compaction")
		}
	})
}

// randomHistory is the history of one server.
type randomHistory struct {
	t          *testing.T
	c          *cluster.Cluster
	client     *clientv3.Client
	bin        string // upstream's programs of the release
	random     *rand.Rand
	leases     []clientv3.LeaseID
	unfinished int  // snapshots taken during a compaction
	lossy      bool // changes may fail
	settled    bool // compactions are rare
}

func newRandomHistory(t *testing.T, c *cluster.Cluster, line string, seed uint64) *randomHistory {
	t.Helper()
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{c.Endpoints()}, Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() }) // its server is gone
	bin, err := engine.Refs.Build(t.Context(), line)
	if err != nil {
		t.Fatal(err)
	}
	return &randomHistory{t: t, c: c, client: client, bin: bin, random: rand.New(rand.NewPCG(seed, 11))}
}

func (h *randomHistory) key() string   { return fmt.Sprintf("k%02d", h.random.IntN(60)) }
func (h *randomHistory) value() string { return strings.Repeat("v", h.random.IntN(200)) }

// change makes one random change.
func (h *randomHistory) change() {
	h.t.Helper()
	ctx := h.t.Context()
	var err error
	switch x := h.random.IntN(100); {
	case x < 50:
		_, err = h.client.Put(ctx, h.key(), h.value())
	case x < 68:
		_, err = h.client.Delete(ctx, h.key())
	case x < 71:
		from := h.key()
		_, err = h.client.Delete(ctx, from, clientv3.WithRange(from+"~"))
	case x < 85:
		_, err = h.client.Txn(ctx).Then(h.ops()...).Commit()
	case x < 91:
		var granted *clientv3.LeaseGrantResponse
		if granted, err = h.client.Grant(ctx, 10_000); err == nil {
			h.leases = append(h.leases, granted.ID)
			_, err = h.client.Put(ctx, h.key(), h.value(), clientv3.WithLease(granted.ID))
		}
	case x < 96 && len(h.leases) > 0:
		i := h.random.IntN(len(h.leases))
		_, err = h.client.Revoke(ctx, h.leases[i])
		h.leases = append(h.leases[:i], h.leases[i+1:]...)
	case x < 98 && h.settled && h.random.IntN(20) > 0:
		return
	case x < 98:
		err = h.compact(ctx)
	default:
		_, err = h.client.Delete(ctx, "k", clientv3.WithPrefix())
	}
	if err != nil && !h.lossy {
		h.t.Fatal(err)
	}
}

// ops are some changes of different keys.
func (h *randomHistory) ops() []clientv3.Op {
	var ops []clientv3.Op
	for _, k := range h.random.Perm(60)[:1+h.random.IntN(5)] {
		key := fmt.Sprintf("k%02d", k)
		if h.random.IntN(3) == 0 {
			ops = append(ops, clientv3.OpDelete(key))
		} else {
			ops = append(ops, clientv3.OpPut(key, h.value()))
		}
	}
	return ops
}

// compact compacts at one of the latest revisions, but not at the very last:
// for that one the server gives the hash from before the compaction, which it
// keeps. The server continues it in the background.
func (h *randomHistory) compact(ctx context.Context) error {
	now, err := h.client.Get(ctx, "k", clientv3.WithCountOnly())
	if err != nil {
		return err
	}
	_, err = h.client.Compact(ctx, now.Header.Revision-1-h.random.Int64N(max(1, min(40, now.Header.Revision-1))))
	if err != nil && strings.Contains(err.Error(), "has been compacted") {
		return nil
	}
	return err
}

// check saves a snapshot, and holds it against the server and upstream's programs.
func (h *randomHistory) check(n int) {
	h.t.Helper()
	ctx := h.t.Context()
	if n%2 == 0 { // make it likely that a compaction is running
		if err := h.compact(ctx); err != nil {
			h.t.Fatal(err)
		}
	}
	file := filepath.Join(h.t.TempDir(), "s.db")
	ourCtl(h.t, h.c.Members[0], "snapshot", "save", file)
	count, err := h.client.Get(ctx, "", clientv3.WithPrefix(), clientv3.WithCountOnly())
	if err != nil {
		h.t.Fatal(err)
	}
	revision := count.Header.Revision
	var status, upstream struct {
		Hash               uint32
		Revision, TotalKey int64
		TotalSize          int64
		Version            string
	}
	var ours struct {
		Hash                          uint32
		HashRevision, CompactRevision int64
	}
	h.utl(&ours, engine.Ours, "hashkv", file)
	h.utl(&status, engine.Ours, "snapshot", "status", file)
	h.utl(&upstream, h.bin, "snapshot", "status", file)
	// For a store without a live key the server hashes the keys that a
	// compaction has not deleted yet: its answer changes until the compaction
	// is finished.
	settled := func(got uint32) bool { return count.Count > 0 || got == ours.Hash }
	hash := h.hash(revision, settled)
	if ours.Hash != hash.Hash || ours.HashRevision != revision || ours.CompactRevision != hash.CompactRevision {
		h.t.Errorf("check %d: hashkv %+v, the server has %d at revision %d, compacted at %d", n, ours, hash.Hash, revision, hash.CompactRevision)
	}
	if status.TotalKey != count.Count || status.Revision != revision {
		h.t.Errorf("check %d: status %+v, the server has %d keys at revision %d", n, status, count.Count, revision)
	}
	if status.Hash != upstream.Hash || status.TotalSize != upstream.TotalSize || status.Version != upstream.Version {
		h.t.Errorf("check %d: status %+v, upstream's %+v", n, status, upstream)
	}
	if out, err := exec.CommandContext(ctx, refs.Path(engine.Ours, "etcdutl"), "snapshot", "verify", file).CombinedOutput(); err != nil {
		h.t.Errorf("check %d: verify: %v: %s", n, err, out)
	}
	h.noteUnfinished(file)
}

// hash returns the server's answer at a revision, once it is settled or the bound has passed.
func (h *randomHistory) hash(revision int64, settled func(hash uint32) bool) *clientv3.HashKVResponse {
	h.t.Helper()
	const bound = 5 * time.Minute
	for begun := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		hash, err := h.client.HashKV(h.t.Context(), h.c.Endpoints(), revision)
		if err != nil {
			h.t.Fatal(err)
		}
		if settled(hash.Hash) || time.Since(begun) > bound {
			return hash
		}
	}
}

// utl runs an etcdutl and decodes its output as JSON.
func (h *randomHistory) utl(into any, bin string, args ...string) {
	h.t.Helper()
	out, err := exec.CommandContext(h.t.Context(), refs.Path(bin, "etcdutl"), append(args, "-w", "json")...).Output()
	if err != nil {
		h.t.Fatalf("etcdutl %s: %v", strings.Join(args, " "), err)
	}
	if err := json.Unmarshal(out, into); err != nil {
		h.t.Fatalf("etcdutl %s: %v in %s", strings.Join(args, " "), err, out)
	}
}

// noteUnfinished counts the snapshot if a compaction was running. The server keeps both revisions in the bucket "meta", each 17 bytes
// after its name; the freed pages of earlier ones make this a guess, which is good enough to see that such snapshots occur.
func (h *randomHistory) noteUnfinished(file string) {
	h.t.Helper()
	data := string(readFile(h.t, file))
	at := func(name string) string {
		i := strings.LastIndex(data, name)
		if i < 0 || i+len(name)+17 > len(data) {
			return ""
		}
		return data[i+len(name):][:17]
	}
	if at("scheduledCompactRev") != at("finishedCompactRev") {
		h.unfinished++
	}
}
