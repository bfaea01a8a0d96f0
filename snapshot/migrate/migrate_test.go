package migrate

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/coreos/go-semver/semver"
	bolt "go.etcd.io/bbolt"

	"etcdkit/internal/lock"
	"etcdkit/snapshot"
	"etcdkit/snapshot/internal/waltest"
)

// Requests of v3 as entries carry them: one that all releases know, and the
// only one so far that 3.5 does not.
func put() []byte { return waltest.Message(4, waltest.Message(1, "k", 2, "v"), 100, "") }
func downgradeTest(version string) []byte {
	return waltest.Message(9900, waltest.Message(1, version), 100, "")
}

// dataDir makes a data directory with a bucket "meta" and the requests in its
// WAL.
func dataDir(t *testing.T, meta map[string]string, requests ...[]byte) string {
	t.Helper()
	dir := t.TempDir()
	s := waltest.NewSegment(0).Mark(0, 0)
	for i, r := range requests {
		s.Entry(0, 2, i+1, r)
	}
	s.State(2, 7, len(requests)).Write(t, filepath.Join(dir, "member", "wal"), 0, 0)
	if err := os.MkdirAll(filepath.Join(dir, "member", "snap"), 0o700); err != nil {
		t.Fatal(err)
	}
	db, err := bolt.Open(snapshot.DataDirFile(dir), 0o600, &bolt.Options{NoFreelistSync: true})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		_, err := tx.CreateBucket([]byte("key"))
		b, metaErr := tx.CreateBucket([]byte("meta"))
		c, clusterErr := tx.CreateBucket([]byte("cluster"))
		err = errors.Join(err, metaErr, clusterErr, c.Put([]byte("clusterVersion"), []byte("3.7.3")))
		for k, v := range meta {
			err = errors.Join(err, b.Put([]byte(k), []byte(v)))
		}
		return err
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	return dir
}

// of is the bucket "meta" of a release, "" for one before 3.5.
func of(version string) map[string]string {
	const number = "\x00\x00\x00\x00\x00\x00\x00\x09"
	m := map[string]string{"consistent_index": number}
	if version != "" {
		m["term"] = number
	}
	if version != "" && version != "3.5.0" {
		m["storageVersion"] = version
	}
	return m
}

func version(t *testing.T, dir string) string {
	t.Helper()
	f, err := snapshot.Open(snapshot.DataDirFile(dir))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	st, err := f.Scan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return st.Version
}

// TestRun has the errors of etcdutl 3.7.3.
func TestRun(t *testing.T) {
	t.Parallel()
	const (
		unknown  = "cannot create migration plan: version \"3.8.0\" is not supported"
		major    = "cannot create migration plan: changing major storage version is not supported"
		newerWAL = "cannot downgrade storage, WAL contains newer entries, as the target version (3.5.0) is lower than the version (3.6.0) detected from WAL logs"
	)
	for _, tc := range []struct {
		name     string
		from     string
		to       semver.Version
		requests [][]byte
		want     string // storage version
		refused  string
		err      string // where nothing can force it
	}{
		{name: "up one", from: "3.5.0", to: release(3, 6), want: "3.6.0"},
		{name: "up two", from: "3.5.0", to: release(3, 7), requests: [][]byte{put(), nil}, want: "3.7.0"},
		{name: "down one", from: "3.7.0", to: release(3, 6), requests: [][]byte{put()}, want: "3.6.0"},
		{name: "down two", from: "3.7.0", to: release(3, 5), requests: [][]byte{put(), waltest.Request("PUT", "/1/a", "v")}, want: ""},
		{name: "a patch does not count", from: "3.6.0", to: semver.Version{Major: 3, Minor: 7, Patch: 3}, want: "3.7.0"},
		{name: "a newer entry, down to its release", from: "3.7.0", to: release(3, 6), requests: [][]byte{downgradeTest("3.5.0")}, want: "3.6.0"},
		{name: "a newer entry", from: "3.6.0", to: release(3, 5), requests: [][]byte{put(), downgradeTest("3.5.0")}, want: "", refused: newerWAL},
		{name: "an entry of a named version", from: "3.7.0", to: release(3, 6), requests: [][]byte{downgradeTest("3.7.0")}, want: "3.6.0",
			refused: "cannot downgrade storage, WAL contains newer entries, as the target version (3.6.0) is lower than the version (3.7.0) detected from WAL logs"},
		{name: "newer entries do not matter on the way up", from: "3.5.0", to: release(3, 6), requests: [][]byte{downgradeTest("3.9.0")}, want: "3.6.0"},
		{name: "an unknown release", from: "3.7.0", to: release(3, 8), want: "3.8.0", refused: unknown},
		{name: "from an unknown release", from: "3.8.0", to: release(3, 7), want: "3.7.0", refused: unknown},
		{name: "another major", from: "3.7.0", to: release(4, 0), want: "4.0.0", refused: major},
		{name: "before 3.5", from: "", to: release(3, 6), err: "missing term information"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			dir := dataDir(t, of(tc.from), tc.requests...)
			o := Options{DataDir: dir, Target: tc.to, Wait: time.Second}
			before := files(t, dir)
			if refused := tc.refused + tc.err; refused != "" {
				if _, err := Run(t.Context(), o); err == nil || err.Error() != refused {
					t.Errorf("got %v", err)
				}
				unchanged(t, dir, before)
				o.Force = true
			}
			r, err := Run(t.Context(), o)
			if tc.err != "" {
				if err == nil || err.Error() != tc.err {
					t.Errorf("forced: %v", err)
				}
				unchanged(t, dir, before)
				return
			}
			if err != nil || !r.Changed || r.From.String() != tc.from || r.To != minor(tc.to) || (r.Refused != nil) != (tc.refused != "") || r.Cluster != release(3, 7) {
				t.Fatalf("%+v, %v", r, err)
			}
			if got := version(t, dir); got != tc.want {
				t.Errorf("storage version %q", got)
			}
			done := files(t, dir)
			if r, err := Run(t.Context(), o); err != nil || r.Changed {
				t.Errorf("again: %+v, %v", r, err)
			}
			unchanged(t, dir, done)
		})
	}
}

func TestV2Requests(t *testing.T) {
	t.Parallel()
	dir := dataDir(t, of("3.5.0"), waltest.Request("PUT", "/1/a", "v"), waltest.Request("PUT", "/0/version", "3.5.0"), waltest.Request("DELETE", "/1/a", ""))
	if r, err := Run(t.Context(), Options{DataDir: dir, Target: release(3, 6)}); err != nil || r.V2Requests != 2 || r.V2Own != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestDamage checks that a damaged directory is an error, even with force, and
// is left unchanged.
func TestDamage(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(dir string) (path string, b []byte){
		"a cut database": func(dir string) (string, []byte) {
			b, _ := os.ReadFile(snapshot.DataDirFile(dir))
			return snapshot.DataDirFile(dir), b[:len(b)/2]
		},
		"no database": func(dir string) (string, []byte) { return snapshot.DataDirFile(dir), []byte("hello") },
		"an entry that is no request": func(dir string) (string, []byte) {
			return filepath.Join(dir, "member/wal/0000000000000000-0000000000000000.wal"), waltest.NewSegment(0).Entry(0, 1, 1, []byte{0xff}).Bytes
		},
		"an entry of no type": func(dir string) (string, []byte) {
			return filepath.Join(dir, "member/wal/0000000000000000-0000000000000000.wal"), waltest.NewSegment(0).Entry(9, 1, 1, nil).Bytes
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := dataDir(t, of("3.7.0"))
			path, b := damage(dir)
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
			before := files(t, dir)
			r, err := Run(t.Context(), Options{DataDir: dir, Target: release(3, 6), Force: true})
			if !errors.Is(err, snapshot.ErrCorrupt) {
				t.Errorf("%+v, %v", r, err)
			}
			unchanged(t, dir, before)
		})
	}
	meta := of("3.5.0")
	meta["term"] = "short"
	if _, err := Run(t.Context(), Options{DataDir: dataDir(t, meta), Target: release(3, 6)}); !errors.Is(err, snapshot.ErrCorrupt) {
		t.Errorf("a short term: %v", err)
	}
	dir := dataDir(t, of("3.7.0"))
	if err := os.RemoveAll(filepath.Join(dir, "member", "wal")); err != nil {
		t.Fatal(err)
	}
	want := "failed to read wal: open " + filepath.Join(dir, "member", "wal") + ": no such file or directory"
	if _, err := Run(t.Context(), Options{DataDir: dir, Target: release(3, 6), Force: true}); err == nil || err.Error() != want {
		t.Errorf("no WAL: %v", err)
	}
}

func TestLocked(t *testing.T) {
	t.Parallel()
	dir := dataDir(t, of("3.7.0"))
	db, err := bolt.Open(snapshot.DataDirFile(dir), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := Run(t.Context(), Options{DataDir: dir, Target: release(3, 6), Wait: time.Millisecond}); !errors.Is(err, lock.ErrTimeout) {
		t.Errorf("got %v", err)
	}
}

func files(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for _, pattern := range []string{"member/snap/*", "member/wal/*"} {
		names, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range names {
			if all[n], err = os.ReadFile(n); err != nil {
				t.Fatal(err)
			}
		}
	}
	return all
}

func unchanged(t *testing.T, dir string, before map[string][]byte) {
	t.Helper()
	after := files(t, dir)
	if len(after) != len(before) {
		t.Errorf("%d files, %d before", len(after), len(before))
	}
	for name, b := range before {
		if !bytes.Equal(after[name], b) {
			t.Errorf("%s has changed", name)
		}
	}
}
