package v2tree

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v2store"

	"etcdkit/snapshot"
	"etcdkit/snapshot/internal/waltest"
	"etcdkit/snapshot/raftlog"
)

// member is a change that adds a member of an id.
func member(id, peer string) []byte {
	var n uint64
	if _, err := fmt.Sscanf(id, "%x", &n); err != nil {
		panic(err)
	}
	return waltest.Message(2, 0, 3, n, 4, fmt.Sprintf(`{"id":%d,"peerURLs":[%q],"name":"m"}`, n, peer))
}

// at is a moment that the tests count from.
func at() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

// beginning is how the log of every cluster begins: three entries that move
// the index of the tree.
func beginning(s *waltest.Segment) *waltest.Segment {
	return s.Mark(0, 0).Entry(1, 1, 1, member("abc", "http://127.0.0.1:1")).
		Entry(0, 2, 2, nil).
		Entry(0, 2, 3, waltest.Request("PUT", "/0/members/abc/attributes", `{"name":"m","clientURLs":["http://127.0.0.1:2"]}`)).
		Entry(0, 2, 4, waltest.Request("PUT", "/0/version", "3.5.0"))
}

// dataDir makes a data directory around a WAL whose database has seen an entry.
func dataDir(t testing.TB, wal *waltest.Segment, applied byte) string {
	t.Helper()
	dir := t.TempDir()
	wal.Write(t, filepath.Join(dir, "member", "wal"), 0, 0)
	if err := os.MkdirAll(filepath.Join(dir, "member", "snap"), 0o700); err != nil {
		t.Fatal(err)
	}
	db, err := bolt.Open(snapshot.DataDirFile(dir), 0o600, &bolt.Options{NoFreelistSync: true, NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		b, err := tx.CreateBucket([]byte("meta"))
		return errors.Join(err, b.Put([]byte("consistent_index"), []byte{7: applied}))
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	return dir
}

func export(t testing.TB, dir string) string {
	t.Helper()
	tree, err := Load(t.Context(), Source{DataDir: dir, Wait: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := tree.Write(t.Context(), &b, at()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestRequests replays each kind of request. The indexes are those that a
// server of 3.5.33 gave: the first key has 4.
func TestRequests(t *testing.T) {
	t.Parallel()
	soon, past := at().Add(1500*time.Millisecond).UnixNano(), at().Add(-time.Minute).UnixNano()
	put := func(key, value string, more ...any) []byte { return waltest.Request("PUT", "/1"+key, value, more...) }
	a := put("/a", "1")
	const lineA = `{"key":"/a","value":"1","createdIndex":4,"modifiedIndex":4}` + "\n"
	for _, tc := range []struct {
		name     string
		requests [][]byte
		want     string
	}{
		{"nothing", nil, ""},
		{"set", [][]byte{a, a}, strings.ReplaceAll(lineA, ":4", ":5")},
		{"wrapped", [][]byte{waltest.Message(1, 5, 2, a)}, lineA},
		{"create", [][]byte{put("/a", "1", 8, 0), put("/a", "2", 8, 0)}, lineA},
		{"update", [][]byte{put("/a", "0", 8, 1), a, put("/a", "2", 8, 1)}, `{"key":"/a","value":"2","createdIndex":4,"modifiedIndex":5}` + "\n"},
		{"compare", [][]byte{a, put("/a", "2", 6, "0"), put("/a", "3", 6, "1"), put("/a", "4", 7, 4), put("/a", "5", 7, 5, 8, 1)},
			`{"key":"/a","value":"5","createdIndex":4,"modifiedIndex":6}` + "\n"},
		{"in order", [][]byte{waltest.Request("POST", "/1/q", "x"), waltest.Request("POST", "/1/q", "y")},
			`{"key":"/q","dir":true,"createdIndex":4,"modifiedIndex":4}` + "\n" +
				`{"key":"/q/00000000000000000004","value":"x","createdIndex":4,"modifiedIndex":4}` + "\n" +
				`{"key":"/q/00000000000000000005","value":"y","createdIndex":5,"modifiedIndex":5}` + "\n"},
		{"delete", [][]byte{a, put("/b/c", "2"), waltest.Request("DELETE", "/1/b", "", 5, 1), waltest.Request("DELETE", "/1/b", "", 12, 1),
			waltest.Request("DELETE", "/1/a", "", 6, "no")}, lineA},
		{"delete compared", [][]byte{a, waltest.Request("DELETE", "/1/a", "", 6, "1")}, ""},
		{"hidden", [][]byte{put("/_h/x", "<&>"), put("/d/_e", "")},
			`{"key":"/_h","dir":true,"hidden":true,"createdIndex":4,"modifiedIndex":4}` + "\n" +
				`{"key":"/_h/x","value":"<&>","hidden":true,"createdIndex":4,"modifiedIndex":4}` + "\n" +
				`{"key":"/d","dir":true,"createdIndex":5,"modifiedIndex":5}` + "\n" +
				`{"key":"/d/_e","value":"","hidden":true,"createdIndex":5,"modifiedIndex":5}` + "\n"},
		{"ttl", [][]byte{put("/t", "v", 9, uint64(soon)), put("/d", "", 5, 1, 9, uint64(past))},
			`{"key":"/d","dir":true,"expiration":"2026-01-02T03:03:05Z","ttl":-60,"createdIndex":5,"modifiedIndex":5}` + "\n" +
				`{"key":"/t","value":"v","expiration":"2026-01-02T03:04:06.5Z","ttl":2,"createdIndex":4,"modifiedIndex":4}` + "\n"},
		{"refresh", [][]byte{put("/t", "v", 9, uint64(past)), put("/t", "", 8, 1, 9, uint64(soon), 17, 1)},
			`{"key":"/t","value":"v","expiration":"2026-01-02T03:04:06.5Z","ttl":2,"createdIndex":4,"modifiedIndex":5}` + "\n"},
		{"expired", [][]byte{put("/t", "v", 9, uint64(past)), waltest.Request("SYNC", "", "", 15, uint64(at().UnixNano())), a},
			strings.ReplaceAll(lineA, ":4", ":6")},
		{"v3 does not count", [][]byte{waltest.Message(4, waltest.Message(1, "k"), 100, ""), a}, lineA},
		{"v3 about the cluster does", [][]byte{
			waltest.Message(1300, waltest.Message(1, "3.5.0"), 100, ""),
			waltest.Message(1301, waltest.Message(1, uint64(0xabc), 2, waltest.Message(1, "m")), 100, ""), a,
		}, strings.ReplaceAll(lineA, ":4", ":6")},
		{"users are no keys", [][]byte{waltest.Request("PUT", "/2/users/root", "{}")}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := beginning(waltest.NewSegment(0))
			for i, r := range tc.requests {
				s.Entry(0, 2, 5+i, r)
			}
			if got := export(t, dataDir(t, s.State(2, 7, 4+len(tc.requests)), 4)); got != tc.want {
				t.Errorf("got\n%swant\n%s", got, tc.want)
			}
		})
	}
}

// TestMembers changes members: each change that a server lets pass moves the
// index of the tree by one, a removal by two.
func TestMembers(t *testing.T) {
	t.Parallel()
	change := func(kind int, context string) []byte { return waltest.Message(2, kind, 3, 0xdef, 4, context) }
	for _, tc := range []struct {
		name    string
		changes [][]byte
		want    int // index after them
	}{
		{"add", [][]byte{member("def", "http://b")}, 4},
		{"add twice", [][]byte{member("def", "http://b"), member("def", "http://c")}, 4},
		{"a taken URL", [][]byte{member("def", "http://127.0.0.1:1")}, 3},
		{"remove", [][]byte{member("def", "http://b"), change(1, "")}, 6},
		{"remove nobody", [][]byte{change(1, "")}, 3},
		{"add one removed", [][]byte{member("def", "http://b"), change(1, ""), member("def", "http://b")}, 6},
		{"update", [][]byte{member("def", "http://b"), change(2, `{"id":3567,"peerURLs":["http://c"]}`), change(2, `{"id":3567,"peerURLs":["http://127.0.0.1:1"]}`)}, 5},
		{"promote", [][]byte{
			change(3, `{"id":3567,"peerURLs":["http://b"],"isLearner":true}`), change(0, `{"id":3567,"peerURLs":["http://b"],"isPromote":true}`),
			change(0, `{"id":3567,"peerURLs":["http://b"],"isPromote":true}`),
		}, 5},
	} {
		s := beginning(waltest.NewSegment(0))
		for i, c := range tc.changes {
			s.Entry(1, 2, 5+i, c)
		}
		tree, err := Load(t.Context(), Source{DataDir: dataDir(t, s.State(2, 7, 4+len(tc.changes)), 4)})
		if err != nil || tree.Index != uint64(tc.want) {
			t.Errorf("%s: %+v, %v", tc.name, tree, err)
		}
	}
}

// TestEnd leaves out entries that may not be committed, and includes those that
// the database has applied.
func TestEnd(t *testing.T) {
	t.Parallel()
	s := beginning(waltest.NewSegment(0)).Entry(0, 2, 5, waltest.Request("PUT", "/1/a", "")).Entry(0, 2, 6, waltest.Request("PUT", "/1/b", "")).
		State(2, 7, 4).Entry(0, 2, 7, waltest.Request("PUT", "/1/c", ""))
	s.Bytes = s.Bytes[:len(s.Bytes)-8]
	for applied, want := range map[byte]string{
		4: "",
		5: `{"key":"/a","value":"","createdIndex":4,"modifiedIndex":4}` + "\n",
	} {
		dir := dataDir(t, s, applied)
		if got := export(t, dir); got != want {
			t.Errorf("applied %d: %s", applied, got)
		}
		tree, err := Load(t.Context(), Source{DataDir: dir})
		if err != nil || tree.Uncommitted != 6-int(applied) || tree.Torn != filepath.Join(dir, "member", "wal", "0000000000000000-0000000000000000.wal") {
			t.Errorf("%+v, %v", tree, err)
		}
	}
	dir := dataDir(t, s, 6)
	if err := os.RemoveAll(filepath.Join(dir, "member", "snap")); err != nil {
		t.Fatal(err)
	}
	tree, err := Load(t.Context(), Source{DataDir: dir})
	if err != nil || !tree.NoDatabase || tree.Uncommitted != 2 {
		t.Errorf("without a database: %+v, %v", tree, err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "member", "wal")); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(t.Context(), Source{DataDir: dir}); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "db") {
		t.Errorf("without anything: %v", err)
	}
	dir = dataDir(t, s, 7)
	want := "corrupt file " + filepath.Join(dir, "member", "wal") + ": the WAL ends at entry 6, and the database has seen entry 7"
	if _, err := Load(t.Context(), Source{DataDir: dir}); err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

// saved is a v2 store as a raft snapshot has it: of one key that was set eight
// times and updated once.
func saved(t testing.TB) string {
	t.Helper()
	st := v2store.New(clusterRoot, keysRoot)
	o := v2store.TTLOptionSet{ExpireTime: at().Add(10 * time.Second)}
	for range 8 {
		if _, err := st.Set("/1/a", false, "0", o); err != nil {
			t.Fatal(err)
		}
	}
	_, err := st.Update("/1/a", "x", o)
	if err != nil {
		t.Fatal(err)
	}
	b, err := st.Save()
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// withSnapshot is a data directory whose raft snapshot at entry 4 has a store.
func withSnapshot(t testing.TB, store string) string {
	t.Helper()
	s := beginning(waltest.NewSegment(0)).State(2, 7, 4).Mark(4, 2).Entry(0, 2, 5, waltest.Request("PUT", "/1/b", "y")).State(2, 7, 5)
	dir := dataDir(t, s, 5)
	waltest.Snapshot(t, filepath.Join(dir, "member", "snap"), 2, 4, []byte(store))
	return dir
}

func TestSnapshot(t *testing.T) {
	t.Parallel()
	want := `{"key":"/a","value":"x","expiration":"2026-01-02T03:04:15Z","ttl":10,"createdIndex":8,"modifiedIndex":9}` + "\n" +
		`{"key":"/b","value":"y","createdIndex":10,"modifiedIndex":10}` + "\n"
	if got := export(t, withSnapshot(t, saved(t))); got != want {
		t.Errorf("got\n%s", got)
	}
	store := saved(t)
	for name, bad := range map[string]string{
		"empty": "", "no JSON": "hello", "null": "null", "no root": `{"Root":null}`, "a null child": strings.Replace(store, `"Root":{`, `"Root":{"Children":{"1":null},`, 1),
		"cut": store[:len(store)-9], "another path": strings.Replace(store, `"/1/a"`, `"/1/b"`, 1), "no array": strings.Replace(store, `"Children":{}`, `"Children":[]`, 1),
	} {
		tree, err := Load(t.Context(), Source{DataDir: withSnapshot(t, bad)})
		if err == nil {
			_, err = tree.Write(t.Context(), &bytes.Buffer{}, at())
		}
		if name == "null" || name == "a null child" {
			continue // must only not crash: null counts as absent
		}
		if !errors.Is(err, snapshot.ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSave leaves the file alone when it fails, and the source always.
func TestSave(t *testing.T) {
	t.Parallel()
	dir := withSnapshot(t, saved(t))
	before := readAll(t, dir)
	tree, err := Load(t.Context(), Source{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	out := waltest.WriteFile(t, t.TempDir(), "out", []byte("old"))
	tree.root.Children["a"].Path = "elsewhere"
	if _, err := tree.Save(t.Context(), out, at()); !errors.Is(err, snapshot.ErrCorrupt) {
		t.Errorf("got %v", err)
	}
	if b, err := os.ReadFile(out); string(b) != "old" {
		t.Errorf("%q, %v", b, err)
	}
	tree.root.Children["a"].Path = "/1/a"
	if n, err := tree.Save(t.Context(), out, at()); err != nil || n != (Count{Keys: 2}) {
		t.Errorf("%+v, %v", n, err)
	}
	if b, err := os.ReadFile(out); err != nil || string(b) != export(t, dir) {
		t.Errorf("%q, %v", b, err)
	}
	if names, err := os.ReadDir(filepath.Dir(out)); err != nil || len(names) != 1 {
		t.Errorf("%v, %v", names, err)
	}
	if after := readAll(t, dir); after != before {
		t.Error("the source has changed")
	}
}

// readAll is the names and contents of a data directory.
func readAll(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			var b []byte
			b, err = os.ReadFile(path)
			fmt.Fprintf(&all, "%s %x\n", path, b)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

func TestCheck(t *testing.T) {
	t.Parallel()
	own := beginning(waltest.NewSegment(0))
	clients := beginning(waltest.NewSegment(0)).Entry(0, 2, 5, waltest.Request("PUT", "/1/b", "y"))
	for _, tc := range []struct {
		name string
		dir  string
		want Content
	}{
		{"the server's own", dataDir(t, own, 4), Content{}},
		{"in the WAL", dataDir(t, clients, 4), Content{WAL: true}},
		{"in both", withSnapshot(t, saved(t)), Content{Snapshot: true, WAL: true}},
	} {
		if got, err := Check(t.Context(), Source{DataDir: tc.dir}); err != nil || got != tc.want {
			t.Errorf("%s: %+v, %v", tc.name, got, err)
		}
	}
	cut := dataDir(t, own, 5) // and the WAL has four
	if _, err := Check(t.Context(), Source{DataDir: cut}); !errors.Is(err, snapshot.ErrCorrupt) || !strings.HasSuffix(err.Error(), ": the WAL ends at entry 4, and the database has seen entry 5") {
		t.Errorf("got %v", err)
	}
	if _, err := Check(t.Context(), Source{DataDir: withSnapshot(t, "hello")}); !errors.Is(err, snapshot.ErrCorrupt) {
		t.Errorf("got %v", err)
	}
}

// FuzzApply replays one entry of any bytes after those of a cluster's start.
func FuzzApply(f *testing.F) {
	f.Add(0, waltest.Request("PUT", "/1/a/b", "v", 9, 99))
	f.Add(0, waltest.Request("DELETE", "/1", "", 12, 1))
	f.Add(0, waltest.Request("PUT", "/0/members/abc/raftAttributes", "null"))
	f.Add(1, member("abc", "http://b"))
	f.Fuzz(func(t *testing.T, kind int, data []byte) {
		s, _, err := stored(&raftlog.Log{}, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		r := replay{store: s, lg: logger()}
		for _, e := range []raftlog.Entry{{Type: raftlog.EntryConfChange, Data: member("abc", "http://a")}, {Type: kind % 3, Data: data}, {Type: raftlog.EntryConfChange, Data: member("def", "http://c")}} {
			_ = r.apply(e) // an error is an answer; it must not crash
		}
		tree, err := treeOf(s)
		if err == nil {
			err = tree.Walk(func(Node) error { return nil })
		}
		if err != nil && !errors.Is(err, snapshot.ErrCorrupt) {
			t.Error(err)
		}
	})
}

// FuzzStore reads a raft snapshot with any store.
func FuzzStore(f *testing.F) {
	f.Add(saved(f))
	f.Add(`{"Root":{"Path":"/","Children":{"1":{"Path":"/1","Children":{"a":{"Path":"/1/a","ExpireTime":"2026-01-02T03:04:15Z"}}}}}}`)
	f.Fuzz(func(t *testing.T, store string) {
		dir := t.TempDir()
		waltest.Snapshot(t, dir, 1, 4, []byte(store))
		var tree *Tree
		st, _, err := stored(&raftlog.Log{Marks: []raftlog.Mark{{Index: 4, Term: 1}}}, dir)
		if err == nil {
			tree, err = treeOf(st)
		}
		if err == nil {
			_, err = tree.Write(t.Context(), &bytes.Buffer{}, at())
		}
		if err != nil && !errors.Is(err, snapshot.ErrCorrupt) {
			t.Error(err)
		}
	})
}
