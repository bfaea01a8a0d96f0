package util

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"

	"etcdkit/commands/cli"
)

// dataDir adds the data directory DIR/data of a stopped server to files.
func dataDir(t *testing.T) (dir string, all map[string][]byte) {
	t.Helper()
	dir, all = files(t)
	snap := filepath.Join(dir, "data", "member", "snap")
	if err := os.MkdirAll(snap, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(snap, "db"), all["plain.db"], 0o600); err != nil {
		t.Fatal(err)
	}
	return dir, all
}

const (
	wantHash   = "2606806869, 4, -1\n"
	wantLocked = "open snapshot DIR/data/member/snap/db: timeout: another process has locked DIR/data/member/snap/db: is an etcd server running on it?\n"
)

type fileCase struct {
	args string
	want result
}

func runAll(t *testing.T, dir string, cases []fileCase) {
	for _, tc := range cases {
		t.Run(tc.args, func(t *testing.T) {
			t.Parallel()
			if got := run(t, t.Context(), dir, strings.Fields(tc.args)...); got != tc.want {
				t.Errorf("got  %+v\nwant %+v", got, tc.want)
			}
		})
	}
}

func TestHashKV(t *testing.T) {
	t.Parallel()
	dir, before := dataDir(t)
	runAll(t, dir, []fileCase{
		{"hashkv DIR/s.db", result{0, wantHash, ""}},
		{"hashkv DIR/plain.db --timeout 1s", result{0, wantHash, ""}},
		{"hashkv --data-dir DIR/data", result{0, wantHash, "Note: DIR/data has no WAL, so this is the hash of its database alone; name the WAL's directory with --wal-dir if it is elsewhere\n"}},
		{"hashkv DIR/s.db --rev 2", result{0, "1436260321, 2, -1\n", ""}},
		{"hashkv DIR/s.db -w json", result{0, `{"hash":2606806869,"hashRevision":4,"compactRevision":-1}` + "\n", ""}},
		{"hashkv DIR/s.db -w fields", result{0, "\"Hash\" : 2606806869\n\"Hash revision\" : 4\n\"Compact revision\" : -1\n", ""}},
		{"hashkv DIR/s.db --rev 5", result{1, "", "Error: mvcc: required revision is a future revision\n"}},
		{"hashkv", result{1, "", "Error: accepts 1 arg(s), received 0\n"}},
		{"hashkv DIR/s.db DIR/s.db -w xml", result{1, "", "Error: accepts 1 arg(s), received 2\n"}},
		{"hashkv DIR/s.db --data-dir DIR/data", result{cli.BadArgs, "", "Error: --data-dir takes the place of a file: give one of them\n"}},
		{"hashkv DIR/none.db -w xml", result{cli.BadFeature, "", "Error: unsupported output format: \"xml\": use one of csv, fields, json, jsonl, protobuf, simple, table, template, yaml\n"}},
		{"hashkv DIR/none.db", result{1, "", "Error: stat DIR/none.db: no such file or directory\n"}},
		{"hashkv --data-dir DIR/none", result{1, "", "Error: stat DIR/none/member/snap/db: no such file or directory\n"}},
		{"hashkv DIR/cut.db", result{1, "", "Error: open snapshot DIR/cut.db: " + wantPages}},
		{"snapshot status --data-dir DIR/data", result{0, wantSimple, ""}},
		{"snapshot status DIR/s.db --data-dir DIR/data", result{cli.BadArgs, "", "Error: --data-dir takes the place of a file: give one of them\n"}},
	})
	t.Cleanup(func() {
		if err := os.RemoveAll(filepath.Join(dir, "data")); err != nil {
			t.Error(err)
		}
		unchanged(t, dir, before)
	})
}

func TestVerify(t *testing.T) {
	t.Parallel()
	dir, before := dataDir(t)
	const (
		counts  = "revision 4, 3 records, 0 leases, 0 members; not checked: "
		missing = "alarm (the file has no such bucket), auth (the file has no such bucket), authRoles (the file has no such bucket), authUsers (the file has no such bucket)\n"
		sum     = "sha256 (the file has none), "
		cut     = "DIR/cut.db: damaged: file: page 0: 5 pages of 4096 bytes are in use, but the file has 10256 bytes; not checked: everything else\n"
	)
	runAll(t, dir, []fileCase{
		{"snapshot verify DIR/s.db", result{0, "DIR/s.db: ok: " + counts + missing, ""}},
		{"snapshot verify DIR/plain.db --data-dir DIR/data", result{0, "DIR/plain.db: ok: " + counts + sum + missing +
			"DIR/data/member/snap/db: ok: " + counts + sum + missing, ""}},
		{"snap verify DIR/cut.db DIR/none.db DIR/s.db", result{1, cut +
			"DIR/none.db: unreadable: open DIR/none.db: no such file or directory\nDIR/s.db: ok: " + counts + missing,
			"Error: 2 of 3 files failed verification\n"}},
		{"snapshot verify DIR/cut.db -w json", result{1, `[{"file":"DIR/cut.db","verdict":"damaged","faults":[{"kind":"file","count":1,"page":0,` +
			`"detail":"5 pages of 4096 bytes are in use, but the file has 10256 bytes"}],"notChecked":["everything else"]}]` + "\n",
			"Error: 1 of 1 files failed verification\n"}},
		{"snapshot verify", result{cli.BadArgs, "", "Error: snapshot verify requires at least one file, or --data-dir\n"}},
		{"snapshot verify DIR/none.db -w xml", result{cli.BadFeature, "", "Error: unsupported output format: \"xml\": use one of csv, fields, json, jsonl, protobuf, simple, table, template, yaml\n"}},
	})
	t.Cleanup(func() {
		if err := os.RemoveAll(filepath.Join(dir, "data")); err != nil {
			t.Error(err)
		}
		unchanged(t, dir, before)
	})
}

// wantWaiting is said at once when a data directory is in use.
const wantWaiting = "Another process is using DIR/data/member/snap/db; waiting for up to 1ms (--timeout) for it to stop\n"

// TestLocked runs the commands that read and write a data directory while a
// server uses it.
func TestLocked(t *testing.T) {
	t.Parallel()
	dir, _ := dataDir(t)
	db, err := bolt.Open(filepath.Join(dir, "data", "member", "snap", "db"), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, tc := range []fileCase{
		{"hashkv --timeout 1ms --data-dir DIR/data", result{1, "", wantWaiting + "Error: " + wantLocked}},
		{"snapshot status --timeout 1ms --data-dir DIR/data", result{1, "", wantWaiting + "Error: " + wantLocked}},
		{"snapshot verify --timeout 1ms --data-dir DIR/data", result{1, "DIR/data/member/snap/db: unreadable: " + wantLocked, wantWaiting + "Error: 1 of 1 files failed verification\n"}},
		{"defrag --timeout 1ms --data-dir DIR/data", result{1, "", wantWaiting + "Error: Failed to defragment etcd data[DIR/data] (" +
			strings.TrimSuffix(strings.TrimPrefix(wantLocked, "open snapshot DIR/data/member/snap/db: "), "\n") + ")\n"}},
	} {
		if got := run(t, t.Context(), dir, strings.Fields(tc.args)...); got != tc.want {
			t.Errorf("%s\ngot  %+v\nwant %+v", tc.args, got, tc.want)
		}
	}
}

func TestDefrag(t *testing.T) {
	t.Parallel()
	dir, _ := dataDir(t)
	const finished = "finished defragmenting directory\t{\"path\": \"DIR/data/member/snap/db\", " +
		"\"current-db-size-bytes-diff\": 0, \"current-db-size-bytes\": 20480}\n"
	for _, tc := range []fileCase{
		{"defrag DIR/data", result{1, "", "Error: required flag(s) \"data-dir\" not set: did you mean etcdutl defrag --data-dir DIR/data?\n"}},
		{"defrag", result{1, "", "Error: required flag(s) \"data-dir\" not set\n"}},
		{"defrag --data-dir DIR/none", result{1, "", "Error: Failed to defragment etcd data[DIR/none] (stat DIR/none/member/snap/db: no such file or directory)\n"}},
		{"defrag --data-dir DIR/data", result{0, "", "Defragmented DIR/data/member/snap/db: 20480 bytes, 20480 before\n" + finished}},
		{"defrag --data-dir DIR/data extra -w xml", result{0, "", "Defragmented DIR/data/member/snap/db: 20480 bytes, 20480 before\n" + finished}},
		{"hashkv --data-dir DIR/data", result{0, wantHash, "Note: DIR/data has no WAL, so this is the hash of its database alone; name the WAL's directory with --wal-dir if it is elsewhere\n"}},
	} {
		if got := run(t, t.Context(), dir, strings.Fields(tc.args)...); got != tc.want {
			t.Errorf("%s\ngot  %+v\nwant %+v", tc.args, got, tc.want)
		}
	}
}

// TestRestoreAll restores two members and raises the revision.
func TestRestoreAll(t *testing.T) {
	t.Parallel()
	dir, _ := files(t)
	const (
		cluster = "m1=http://127.0.0.1:1,m2=http://127.0.0.1:2"
		start   = "Start it with: etcd --name m%[1]s --data-dir DIR/all/m%[1]s --initial-cluster " + cluster +
			" --initial-cluster-token etcd-cluster --initial-advertise-peer-urls http://127.0.0.1:%[1]s\n"
	)
	added := func(id, port string) string {
		return "added member\t{\"cluster-id\": \"3d93f952f49292c8\", \"local-member-id\": \"0\", \"added-peer-id\": \"" + id +
			"\", \"added-peer-peer-urls\": [\"http://127.0.0.1:" + port + "\"], \"added-peer-is-learner\": false}\n"
	}
	got := run(t, t.Context(), dir, "snapshot", "restore", "DIR/s.db", "--all-members", "--data-dir", "DIR/all", "--initial-cluster", cluster, "--revision-at-least", "100")
	want := result{0, "", added("43ccf13c9d84d8d2", "2") + added("58a88bf978398f80", "1") +
		"Restored DIR/s.db to DIR/all/m1: revision 100, 2 keys, member 58a88bf978398f80 of cluster 3d93f952f49292c8\n" +
		strings.ReplaceAll(start, "%[1]s", "1") +
		"Restored DIR/s.db to DIR/all/m2: revision 100, 2 keys, member 43ccf13c9d84d8d2 of cluster 3d93f952f49292c8\n" +
		strings.ReplaceAll(start, "%[1]s", "2")}
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	for args, want := range map[string]string{
		"--all-members": "--all-members requires --data-dir, below which to make the members' directories",
		"--all-members --data-dir DIR/x --name m1":                 "--name is of one member: leave it out with --all-members",
		"--all-members --data-dir DIR/x --wal-dir w":               "--wal-dir is of one member: leave it out with --all-members",
		"--revision-at-least -1":                                   "--revision-at-least -1: a revision is not negative",
		"--revision-at-least 5 --bump-revision 5 --mark-compacted": "--revision-at-least bumps and marks as compacted: leave out --bump-revision and --mark-compacted",
		"--revision-at-least 5 --bump-revision 5":                  "--revision-at-least bumps and marks as compacted: leave out --bump-revision and --mark-compacted",
		"--revision-at-least 5 --mark-compacted":                   "--revision-at-least bumps and marks as compacted: leave out --bump-revision and --mark-compacted",
	} {
		got := run(t, t.Context(), dir, append([]string{"snapshot", "restore", "DIR/s.db"}, strings.Fields(args)...)...)
		if want := (result{cli.BadArgs, "", "Error: " + want + "\n"}); got != want {
			t.Errorf("%s\ngot  %+v\nwant %+v", args, got, want)
		}
	}
}
