package restore

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/server/v3/etcdserver/api/snap"
	"go.etcd.io/etcd/server/v3/storage/wal"
	"go.etcd.io/etcd/server/v3/storage/wal/walpb"
	"go.etcd.io/etcd/server/v3/verify"
	"go.uber.org/zap"
	"google.golang.org/protobuf/proto"

	"etcdkit/snapshot"
)

// Ids that etcdutl 3.7.3 gives with the defaults of all flags.
const (
	defaultCluster = 14841639068965178418
	defaultMember  = 10276657743932975437
)

func TestRestore(t *testing.T) {
	t.Parallel()
	dir, src := t.TempDir(), source(t)
	before := readFile(t, src)
	cfg := config(src, dir)
	got, err := Restore(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	want := Result{
		Name: "default", PeerURLs: []string{"http://localhost:2380"},
		DataDir: cfg.DataDir, WALDir: filepath.Join(cfg.DataDir, "member", "wal"),
		ClusterID: defaultCluster, MemberID: defaultMember, Revision: sourceKeys + 1, TotalKeys: sourceKeys,
		Members: []Member{{ID: defaultMember, PeerURLs: []string{"http://localhost:2380"}}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	wantTree(t, dir, "drwx------ data", "drwx------ data/member", "drwx------ data/member/snap",
		"-rw------- data/member/snap/0000000000000001-0000000000000001.snap", "-rw------- data/member/snap/db",
		"drwx------ data/member/wal", "-rw------- data/member/wal/0000000000000000-0000000000000000.wal")
	db := filepath.Join(cfg.DataDir, "member", "snap", "db")
	for bucket, want := range map[string]map[string]string{
		"members":         {"8e9e05c52164694d": `{"id":10276657743932975437,"peerURLs":["http://localhost:2380"],"name":"default"}`},
		"members_removed": {},
		"cluster":         {"clusterVersion": "3.7.0"},
		"lease":           {"12345678": "lease"},
		"meta":            {"consistent_index": "\x00\x00\x00\x00\x00\x00\x00\x01", "term": "\x00\x00\x00\x00\x00\x00\x00\x01", "confState": "{}"},
		"key":             contents(t, src, "key"),
	} {
		if got := contents(t, db, bucket); !maps.Equal(got, want) {
			t.Errorf("bucket %s: got %q", bucket, got)
		}
	}
	// The server's own check of a data directory.
	if err := verify.Verify(verify.Config{DataDir: cfg.DataDir, ExactIndex: true, Logger: zap.NewNop()}); err != nil {
		t.Error(err)
	}
	if !bytes.Equal(before, readFile(t, src)) {
		t.Error("the snapshot was changed")
	}
}

// TestRestoreRaft reads the WAL and the raft snapshot of one of three members.
func TestRestoreRaft(t *testing.T) {
	t.Parallel()
	cfg := config(source(t), t.TempDir())
	cfg.Name, cfg.PeerURLs = "m2", []string{"http://127.0.0.1:2", "https://127.0.0.1:22"}
	cfg.InitialCluster = "m1=http://127.0.0.1:1,m2=https://127.0.0.1:22,m3=http://127.0.0.1:3,m2=http://127.0.0.1:2"
	res, err := Restore(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	raftSnap, err := snap.New(nil, filepath.Join(res.DataDir, "member", "snap")).Load()
	if err != nil {
		t.Fatal(err)
	}
	voters := raftSnap.GetMetadata().GetConfState().GetVoters()
	if len(voters) != 3 || !slices.IsSorted(voters) || !slices.Contains(voters, res.MemberID) {
		t.Errorf("voters %x, member %x", voters, res.MemberID)
	}
	for _, url := range []string{"http://127.0.0.1:1", "http://127.0.0.1:2", "https://127.0.0.1:22", "http://127.0.0.1:3"} {
		if !strings.Contains(string(raftSnap.GetData()), url) {
			t.Errorf("the v2 store has no %s", url)
		}
	}
	w, err := wal.OpenForRead(nil, res.WALDir, &walpb.Snapshot{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	metadata, state, entries, err := w.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var md etcdserverpb.Metadata
	if err := proto.Unmarshal(metadata, &md); err != nil || md.GetNodeID() != res.MemberID || md.GetClusterID() != res.ClusterID {
		t.Errorf("metadata %v, %v", &md, err)
	}
	if len(entries) != 3 || state.GetCommit() != 3 || state.GetTerm() != 1 || state.GetVote() != voters[0] {
		t.Errorf("state %v, entries %v", state, entries)
	}
	if err := verify.Verify(verify.Config{DataDir: cfg.DataDir, ExactIndex: true, Logger: zap.NewNop()}); err != nil {
		t.Error(err)
	}
}

func TestBumpRevision(t *testing.T) {
	t.Parallel()
	cfg := config(source(t), t.TempDir())
	cfg.BumpRevision, cfg.MarkCompacted = 1_000_000, true
	res, err := Restore(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	const latest = sourceKeys + 1 + 1_000_000
	key := string(snapshot.Revision{Main: latest}.AppendKey(nil))
	db := filepath.Join(cfg.DataDir, "member", "snap", "db")
	records := contents(t, db, "key")
	if v, ok := records[key]; !ok || v != "" || len(records) != sourceKeys+1 || res.Revision != latest {
		t.Errorf("%d records, %q, revision %d", len(records), v, res.Revision)
	}
	if got := contents(t, db, "meta")["scheduledCompactRev"]; got != key {
		t.Errorf("compaction at %q", got)
	}
	cfg = config(source(t), t.TempDir())
	cfg.BumpRevision, cfg.MarkCompacted = 1<<63-1, true
	if _, err := Restore(t.Context(), cfg); err == nil || err.Error() != "--bump-revision 9223372036854775807: the latest revision is 301, and the sum would leave the cluster no revisions to go on with" {
		t.Errorf("too large: %v", err)
	}
}

func TestSkipHashCheck(t *testing.T) {
	t.Parallel()
	whole := readFile(t, source(t))
	plain := whole[:len(whole)-32]
	wrong := slices.Clone(whole)
	wrong[len(wrong)-1] ^= 1
	for name, b := range map[string][]byte{"plain": plain, "wrong": wrong, "half": whole[:len(whole)-9]} {
		cfg := config(writeFile(t, b), t.TempDir())
		_, err := Restore(t.Context(), cfg)
		switch {
		case name == "wrong" && (!errors.Is(err, snapshot.ErrChecksum) || !strings.HasPrefix(err.Error(), "expected sha256 ")):
			t.Errorf("%s: %v", name, err)
		case name != "wrong" && (!errors.Is(err, snapshot.ErrNoChecksum) || err.Error() != "snapshot missing hash but --skip-hash-check=false"):
			t.Errorf("%s: %v", name, err)
		}
		wantTree(t, filepath.Dir(cfg.DataDir))
		cfg.SkipHashCheck = true
		if _, err := Restore(t.Context(), cfg); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestDamaged restores damaged files, with and without their sha256.
func TestDamaged(t *testing.T) {
	t.Parallel()
	whole := readFile(t, source(t))
	root := int(binary.NativeEndian.Uint64(whole[32:])) // page of the root bucket
	flip := func(at int) []byte { b := slices.Clone(whole); b[at] ^= 0x20; return b }
	for name, b := range map[string][]byte{
		"empty":                {},
		"text":                 []byte("kind: Pod\n"),
		"half":                 whole[:len(whole)/2],
		"half, of whole pages": whole[:len(whole)/2/4096*4096],
		"one page cut out":     slices.Concat(whole[:3*4096], whole[4*4096:]),
		"page header":          flip(root*4096 + 8),
		"first pages zero":     append(make([]byte, 8192), whole[8192:]...),
	} {
		for _, skip := range []bool{false, true} {
			cfg := config(writeFile(t, b), t.TempDir())
			cfg.DataDir = filepath.Join(filepath.Dir(cfg.DataDir), "made", "on the way", "data")
			cfg.SkipHashCheck = skip
			_, err := Restore(t.Context(), cfg)
			if !errors.Is(err, snapshot.ErrCorrupt) && !errors.Is(err, snapshot.ErrNoChecksum) {
				t.Errorf("%s, skip %v: %v", name, skip, err)
			}
			wantTree(t, filepath.Dir(filepath.Dir(filepath.Dir(cfg.DataDir))))
		}
	}
}

func TestMissing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := Restore(t.Context(), config(filepath.Join(dir, "none"), dir)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	wantTree(t, dir)
}

// countdown is a context that ends when it has been asked a number of times.
type countdown struct {
	context.Context
	left atomic.Int64
}

func (c *countdown) Err() error {
	if c.left.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}

// TestCanceled ends the context at every place that looks at it.
func TestCanceled(t *testing.T) {
	t.Parallel()
	src := source(t)
	for n := int64(0); ; n++ {
		dir := t.TempDir()
		if err := os.Mkdir(filepath.Join(dir, "empty"), 0o700); err != nil {
			t.Fatal(err)
		}
		cfg := config(src, dir)
		cfg.WALDir = filepath.Join(dir, "made", "wal")
		if n%2 == 0 {
			cfg.DataDir = filepath.Join(dir, "empty")
		}
		ctx := &countdown{Context: t.Context()}
		ctx.left.Store(n)
		_, err := Restore(ctx, cfg)
		if err == nil {
			if n < 5 {
				t.Errorf("looked at the context %d times", n)
			}
			return
		}
		if !errors.Is(err, context.Canceled) {
			t.Errorf("after %d looks: %v", n, err)
		}
		wantTree(t, dir, "drwx------ empty")
	}
}
