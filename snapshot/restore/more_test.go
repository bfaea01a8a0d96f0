package restore

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"
	"go.etcd.io/etcd/server/v3/etcdserver/api/snap"
	"go.etcd.io/etcd/server/v3/verify"
	"go.uber.org/zap"

	"etcdkit/snapshot"
)

func TestRevisionAtLeast(t *testing.T) {
	t.Parallel()
	const latest = sourceKeys + 1
	for _, tc := range []struct {
		atLeast, want int64
		bumped        bool
	}{
		{latest - 5, latest, false}, {latest, latest, false}, {latest + 1, latest + 1, true}, {1 << 40, 1 << 40, true},
	} {
		cfg := config(source(t), t.TempDir())
		cfg.RevisionAtLeast = tc.atLeast
		res, err := Restore(t.Context(), cfg)
		if err != nil || res.Revision != tc.want {
			t.Errorf("at least %d: %+v, %v", tc.atLeast, res, err)
			continue
		}
		db := filepath.Join(cfg.DataDir, "member", "snap", "db")
		key := snapshot.Revision{Main: tc.want}.AppendKey(nil)
		_, marked := contents(t, db, "meta")["scheduledCompactRev"]
		v, ok := contents(t, db, "key")[string(key)]
		if marked != tc.bumped || !ok || (v == "") != tc.bumped {
			t.Errorf("at least %d: marked %v, record %v %q", tc.atLeast, marked, ok, v)
		}
	}
	cfg := config(source(t), t.TempDir())
	cfg.RevisionAtLeast = math.MaxInt64
	if _, err := Restore(t.Context(), cfg); err == nil || err.Error() != "--revision-at-least 9223372036854775807 would leave the cluster no revisions to go on with" {
		t.Errorf("the last revision: %v", err)
	}
	wantTree(t, filepath.Dir(cfg.DataDir))
	for _, cfg := range []Config{
		{RevisionAtLeast: 5, BumpRevision: 5}, {RevisionAtLeast: 5, MarkCompacted: true}, {RevisionAtLeast: 5, BumpRevision: 5, MarkCompacted: true},
	} {
		if _, err := Restore(t.Context(), cfg); !errors.Is(err, ErrRevisionOptions) {
			t.Errorf("%+v: %v", cfg, err)
		}
	}
}

// threeMembers restores a cluster of three below dir.
func threeMembers(snapshotPath, dir string) Config {
	cfg := config(snapshotPath, dir)
	cfg.Name, cfg.PeerURLs = "", nil
	cfg.InitialCluster = "m2=http://127.0.0.1:2,m1=http://127.0.0.1:1,m3=http://127.0.0.1:3"
	return cfg
}

// TestAll checks that All makes the same directories as restoring each member
// separately.
func TestAll(t *testing.T) {
	t.Parallel()
	src := source(t)
	cfg := threeMembers(src, t.TempDir())
	all, err := All(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 3 {
		t.Fatalf("got %+v", all)
	}
	for i, res := range all {
		name := fmt.Sprintf("m%d", i+1)
		one := config(src, t.TempDir())
		one.Name, one.InitialCluster = name, cfg.InitialCluster
		one.PeerURLs = []string{fmt.Sprintf("http://127.0.0.1:%d", i+1)}
		want, err := Restore(t.Context(), one)
		if err != nil {
			t.Fatal(err)
		}
		if res.Name != name || res.DataDir != filepath.Join(cfg.DataDir, name) || res.MemberID != want.MemberID || res.ClusterID != want.ClusterID {
			t.Errorf("got  %+v\nwant %+v", res, want)
		}
		if got, want := tree(t, res.DataDir), tree(t, want.DataDir); !slices.Equal(got, want) {
			t.Errorf("got  %q\nwant %q", got, want)
		}
		for _, bucket := range []string{"members", "meta", "key"} {
			got, want := contents(t, filepath.Join(res.DataDir, "member/snap/db"), bucket), contents(t, filepath.Join(want.DataDir, "member/snap/db"), bucket)
			if !maps.Equal(got, want) {
				t.Errorf("%s: bucket %s differs", name, bucket)
			}
		}
		if err := verify.Verify(verify.Config{DataDir: res.DataDir, ExactIndex: true, Logger: zap.NewNop()}); err != nil {
			t.Error(err)
		}
	}
}

// TestAllOrNone leaves nothing where one of the members cannot be made.
func TestAllOrNone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cfg := threeMembers(source(t), dir)
	cfg.DataDir = filepath.Join(dir, "a", "b")
	if err := os.MkdirAll(filepath.Join(cfg.DataDir, "m3", "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("data-dir %q not empty or could not be read", filepath.Join(cfg.DataDir, "m3"))
	if _, err := All(t.Context(), cfg); err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
	wantTree(t, cfg.DataDir, "drwx------ m3", "drwx------ m3/in the way")
	cfg.DataDir, cfg.SnapshotPath = filepath.Join(dir, "c", "d"), writeFile(t, []byte("hello"))
	if _, err := All(t.Context(), cfg); !errors.Is(err, snapshot.ErrCorrupt) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "c")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("left behind: %v", err)
	}
	for _, name := range []string{".", "..", "../out", "a/b", "/out"} {
		cfg.InitialCluster = "m1=http://127.0.0.1:1," + name + "=http://127.0.0.1:2"
		want := fmt.Sprintf("member %q can't be the name of a directory: restore each member by itself, with --name and --data-dir", name)
		if _, err := All(t.Context(), cfg); err == nil || err.Error() != want {
			t.Errorf("got %v", err)
		}
	}
	cfg.InitialCluster = ""
	if _, err := All(t.Context(), cfg); err == nil || err.Error() != "--initial-cluster has no members" {
		t.Errorf("got %v", err)
	}
}

// withLearners is the source with learners in it: one started, one not.
func withLearners(t *testing.T) string {
	t.Helper()
	b := readFile(t, source(t))
	path := filepath.Join(t.TempDir(), "db")
	if err := os.WriteFile(path, b[:len(b)-32], 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		m := tx.Bucket([]byte("members"))
		return errors.Join(
			m.Put([]byte("1"), []byte(`{"id":1,"peerURLs":["http://old:1"],"name":"m1"}`)),
			m.Put([]byte("2"), []byte(`{"id":2,"peerURLs":["http://old:2"],"isLearner":true,"name":"m2"}`)),
			m.Put([]byte("3"), []byte(`{"id":3,"peerURLs":["http://127.0.0.1:3"],"isLearner":true}`)))
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLearners(t *testing.T) {
	t.Parallel()
	cfg := threeMembers(withLearners(t), t.TempDir())
	cfg.SkipHashCheck = true
	all, err := All(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	var learners []uint64
	for i, res := range all {
		if res.Learner != (i > 0) || len(res.UnknownLearners) > 0 {
			t.Errorf("%+v", res)
		}
		if res.Learner {
			learners = append(learners, res.MemberID)
		}
	}
	slices.Sort(learners)
	for _, res := range all {
		raftSnap, err := snap.New(nil, filepath.Join(res.DataDir, "member", "snap")).Load()
		if err != nil {
			t.Fatal(err)
		}
		conf := raftSnap.GetMetadata().GetConfState()
		if !slices.Equal(conf.GetVoters(), []uint64{all[0].MemberID}) || !slices.Equal(conf.GetLearners(), learners) {
			t.Errorf("%s: %v", res.Name, conf)
		}
		if n := strings.Count(string(raftSnap.GetData()), `isLearner\":true`); n != 4 { // in the tree, and in its history
			t.Errorf("%s: %d learners in the v2 store", res.Name, n)
		}
		members := contents(t, filepath.Join(res.DataDir, "member/snap/db"), "members")
		for id, about := range members {
			if strings.Contains(about, `"isLearner":true`) != slices.Contains(learners, mustParse(t, id)) {
				t.Errorf("member %s: %s", id, about)
			}
		}
		if err := verify.Verify(verify.Config{DataDir: res.DataDir, ExactIndex: true, Logger: zap.NewNop()}); err != nil {
			t.Error(err)
		}
	}
	// If only learners would be left, all become voters.
	one := config(withLearners(t), t.TempDir())
	one.SkipHashCheck, one.Name, one.InitialCluster = true, "m2", "m2=http://localhost:2380"
	if res, err := Restore(t.Context(), one); err != nil || res.Learner || !slices.Equal(res.UnknownLearners, []string{"http://127.0.0.1:3"}) {
		t.Errorf("%+v, %v", res, err)
	}
}

func mustParse(t *testing.T, id string) uint64 {
	t.Helper()
	var n uint64
	if _, err := fmt.Sscanf(id, "%x", &n); err != nil {
		t.Fatal(err)
	}
	return n
}
