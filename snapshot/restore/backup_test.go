package restore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"
	"go.etcd.io/etcd/server/v3/etcdserver/api/snap"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v2store"
	"go.etcd.io/etcd/server/v3/storage/wal"
	"go.etcd.io/etcd/server/v3/storage/wal/walpb"
	"go.uber.org/zap"

	"etcdkit/internal/lock"
	"etcdkit/snapshot"
	"etcdkit/snapshot/internal/waltest"
)

// stopped makes the data directory of a stopped server: a member, a raft
// snapshot at entry 4 where one is wanted, and after it a change of members, a
// request of v2 about a member, one of a client, one of v3 about a member, and
// one of a client.
func stopped(t *testing.T, snapAt int) string {
	t.Helper()
	dir := t.TempDir()
	s := waltest.NewSegment(0).Mark(0, 0)
	for i := range 4 {
		s.Entry(0, 1, i+1, waltest.Request("PUT", fmt.Sprintf("/1/old%d", i), "v"))
	}
	s.State(1, 7, 4)
	snapDir := filepath.Join(dir, "member", "snap")
	if snapAt > 0 {
		waltest.Snapshot(t, snapDir, 1, snapAt, v2Store(t))
		s.Mark(snapAt, 1)
	}
	s.Entry(1, 2, 5, waltest.Message(2, 0, 3, 9, 4, `{"id":9}`)).
		Entry(0, 2, 6, waltest.Request("PUT", "/0/members/abc/attributes", "{}")).
		Entry(0, 2, 7, waltest.Request("PUT", "/1/a", "v")).
		Entry(0, 2, 8, waltest.Message(1301, waltest.Message(1, 9), 100, "")).
		Entry(0, 2, 9, waltest.Message(4, waltest.Message(1, "k"), 100, waltest.Message(1, 5))).
		State(2, 7, 8)
	s.Write(t, filepath.Join(dir, "member", "wal"), 0, 0)
	if err := os.MkdirAll(snapDir, 0o700); err != nil {
		t.Fatal(err)
	}
	db, err := bolt.Open(snapshot.DataDirFile(dir), 0o600, &bolt.Options{NoFreelistSync: true, NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		return errors.Join(fill(tx), tx.Bucket([]byte("meta")).Put([]byte("consistent_index"), []byte{7: 9}))
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	return dir
}

// v2Store is a v2 store with two members, one that was removed, and a key.
func v2Store(t *testing.T) []byte {
	t.Helper()
	st := v2store.New(storeClusterPrefix, storeKeysPrefix)
	for key, value := range map[string]string{
		"/0/members/abc/raftAttributes": `{"peerURLs":["http://a"]}`, "/0/members/def/raftAttributes": `{"peerURLs":["http://b"]}`,
		"/0/removed_members/123": "", "/0/version": "3.5.0", "/1/kept": "v",
	} {
		if _, err := st.Set(key, false, value, v2store.TTLOptionSet{}); err != nil {
			t.Fatal(err)
		}
	}
	b, err := st.Save()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// logOf reads a WAL with the server's own package: the paths of v2 requests, "v3"
// or "" for each entry.
func logOf(t *testing.T, dir string, at *walpb.Snapshot) (all []string, commit uint64) {
	t.Helper()
	w, err := wal.OpenForRead(zap.NewNop(), dir, at)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	metadata, state, entries, err := w.ReadAll()
	if err != nil || !slices.Equal(metadata, waltest.Message(1, 7, 2, 9)) {
		t.Errorf("metadata %x, %v", metadata, err)
	}
	for _, e := range entries {
		what := ""
		switch {
		case strings.Contains(string(e.Data), "PUT"):
			what = "v2"
		case len(e.Data) > 0:
			what = "v3"
		}
		all = append(all, fmt.Sprintf("%d/%d%s", e.GetIndex(), e.GetTerm(), what))
	}
	return all, state.GetCommit()
}

func TestBackup(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name     string
		snapAt   int
		v3       bool
		want     []string // entries
		contents []string // buckets of the database
	}{
		{"both", 0, true, []string{"1/1v2", "2/1v2", "3/1v2", "4/1v2", "5/2", "6/2", "7/2v2", "8/2", "9/2v3"},
			[]string{"alarm", "cluster", "key", "lease", "members", "members_removed", "meta"}},
		{"after a snapshot", 4, true, []string{"5/2", "6/2", "7/2v2", "8/2", "9/2v3"},
			[]string{"alarm", "cluster", "key", "lease", "members", "members_removed", "meta"}},
		{"v2 alone", 4, false, []string{"5/2", "6/2", "7/2v2", "8/2", "9/2"}, []string{"cluster", "members", "members_removed", "meta"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			src := stopped(t, tc.snapAt)
			before := readTree(t, src)
			dst := filepath.Join(t.TempDir(), "a", "b")
			r, err := Backup(t.Context(), BackupConfig{DataDir: src, BackupDir: dst, WithV3: tc.v3, Wait: time.Second})
			if err != nil || r != (BackupResult{Entries: len(tc.want), Index: 9}) {
				t.Fatalf("%+v, %v", r, err)
			}
			if after := readTree(t, src); !maps.Equal(after, before) {
				t.Error("the source has changed")
			}
			mark := &walpb.Snapshot{Index: new(uint64(tc.snapAt)), Term: new(uint64(min(tc.snapAt, 1)))}
			got, commit := logOf(t, filepath.Join(dst, "member", "wal"), mark)
			last := uint64(9) // which the database knows to be committed, and the WAL does not
			if !tc.v3 {
				last = 8
			}
			if !slices.Equal(got, tc.want) || commit != last {
				t.Errorf("%q, committed %d", got, commit)
			}
			db := filepath.Join(dst, "member", "snap", "db")
			if got := buckets(t, db); !slices.Equal(got, tc.contents) {
				t.Errorf("buckets %q", got)
			}
			if m := contents(t, db, "members"); len(m) != 1 || len(contents(t, db, "members_removed"))+len(contents(t, db, "cluster")) != 0 {
				t.Errorf("members %v", m)
			}
			if index := contents(t, db, "meta")["consistent_index"]; index != "\x00\x00\x00\x00\x00\x00\x00"+string(rune(last)) {
				t.Errorf("index %x", index)
			}
			if tc.snapAt > 0 {
				checkStore(t, filepath.Dir(db))
			}
		})
	}
}

// checkStore makes sure that the raft snapshot has one member, and the key.
func checkStore(t *testing.T, dir string) {
	t.Helper()
	s, err := snap.New(nil, dir).Load()
	if err != nil {
		t.Fatal(err)
	}
	if v := s.GetMetadata().GetConfState().GetVoters(); s.GetMetadata().GetIndex() != 4 || len(v) != 1 {
		t.Errorf("%v", s.GetMetadata())
	}
	st := v2store.New()
	if err := st.Recovery(s.GetData()); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]int{"/0/members": 1, "/0/removed_members": 0, "/1": 1} {
		e, err := st.Get(key, true, true)
		if err != nil || len(e.Node.Nodes) != want {
			t.Errorf("%s: %v, %v", key, e, err)
		}
	}
}

func buckets(t *testing.T, path string) (names []string) {
	t.Helper()
	db, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.View(func(tx *bolt.Tx) error {
		return tx.ForEach(func(name []byte, _ *bolt.Bucket) error { names = append(names, string(name)); return nil })
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// readTree is the contents of all files below a directory.
func readTree(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			all[path] = string(readFile(t, path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestBackupPlaces tries where a backup may go.
func TestBackupPlaces(t *testing.T) {
	t.Parallel()
	src := stopped(t, 0)
	for _, tc := range []struct {
		name      string
		data, wal string
		before    []string
		want      string // error with DIR for the directory; "" if none
	}{
		{name: "beside other files", data: "d", before: []string{"d/x.txt"}},
		{name: "empty", data: "d", before: []string{"d/member"}},
		{name: "WAL elsewhere", data: "d", wal: "w/al"},
		{name: "WAL elsewhere, empty", data: "d", wal: "w", before: []string{"w"}},
		{name: "WAL beside", data: "d", wal: "d/wal"},
		{name: "WAL where it would be", data: "d", wal: "d/member/wal"},
		{name: "taken", data: "d", before: []string{"d/member/x.txt"}, want: `backup-dir "DIR/d/member" not empty or could not be read`},
		{name: "WAL taken", data: "d", wal: "w", before: []string{"w/x.txt"}, want: `backup-wal-dir "DIR/w" not empty or could not be read`},
		{name: "WAL in the way", data: "d", wal: "d/member/snap", want: `backup-wal-dir "DIR/d/member/snap" is in the way of "DIR/d/member"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for _, name := range tc.before {
				makePath(t, filepath.Join(dir, name))
			}
			before := tree(t, dir)
			cfg := BackupConfig{DataDir: src, BackupDir: filepath.Join(dir, tc.data), WithV3: true}
			walDir := filepath.Join(dir, tc.data, "member", "wal")
			if tc.wal != "" {
				cfg.BackupWALDir = filepath.Join(dir, tc.wal)
				walDir = cfg.BackupWALDir
			}
			_, err := Backup(t.Context(), cfg)
			if tc.want != "" {
				if want := strings.ReplaceAll(tc.want, "DIR", dir); err == nil || err.Error() != want {
					t.Errorf("got  %v\nwant %s", err, want)
				}
				wantTree(t, dir, before...)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			wantFiles(t, filepath.Join(cfg.BackupDir, "member", "snap"), "db")
			wantFiles(t, walDir, "0000000000000000-0000000000000000.wal")
		})
	}
}

// TestBackupFails checks that a failed backup leaves no files and does not
// change the source.
func TestBackupFails(t *testing.T) {
	t.Parallel()
	canceled, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	cancel(enough)
	for _, tc := range []struct {
		name  string
		ctx   context.Context
		spoil func(dir string) // the source
		want  error
	}{
		{"a signal", canceled, func(string) {}, enough},
		{"no data directory", t.Context(), func(dir string) { os.RemoveAll(dir) }, os.ErrNotExist},
		{"a cut database", t.Context(), func(dir string) { os.Truncate(snapshot.DataDirFile(dir), 9000) }, snapshot.ErrCorrupt},
		{"no WAL", t.Context(), func(dir string) { os.RemoveAll(filepath.Join(dir, "member", "wal")) }, os.ErrNotExist},
		{"a raft snapshot that is none", t.Context(), func(dir string) {
			waltest.WriteFile(t, filepath.Join(dir, "member", "snap"), "0000000000000001-0000000000000004.snap", []byte("hello"))
		}, snapshot.ErrCorrupt},
		{"a v2 store that is none", t.Context(), func(dir string) {
			waltest.Snapshot(t, filepath.Join(dir, "member", "snap"), 1, 4, []byte("hello"))
		}, snapshot.ErrCorrupt},
		{"a WAL that ends early", t.Context(), func(dir string) {
			waltest.NewSegment(0).Entry(0, 1, 1, nil).Write(t, filepath.Join(dir, "member", "wal"), 0, 0)
		}, snapshot.ErrCorrupt},
		{"an entry that is no request", t.Context(), func(dir string) {
			s := waltest.NewSegment(0)
			for i := range 9 {
				s.Entry(0, 1, i+1, []byte{0xff})
			}
			s.Write(t, filepath.Join(dir, "member", "wal"), 0, 0)
		}, snapshot.ErrCorrupt},
		{"a locked database", t.Context(), func(dir string) {
			db, err := bolt.Open(snapshot.DataDirFile(dir), 0o600, nil)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { db.Close() })
		}, lock.ErrTimeout},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			src, dir := stopped(t, 4), t.TempDir()
			tc.spoil(src)
			var before map[string]string
			if tc.name != "no data directory" {
				before = readTree(t, src)
			}
			_, err := Backup(tc.ctx, BackupConfig{DataDir: src, BackupDir: filepath.Join(dir, "d"), WithV3: true, Wait: time.Millisecond})
			if !errors.Is(err, tc.want) {
				t.Errorf("got %v", err)
			}
			wantTree(t, dir)
			if before != nil && !maps.Equal(readTree(t, src), before) {
				t.Error("the source has changed")
			}
		})
	}
}
