package util

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"

	"etcdkit/commands/cli"
)

// restoredDir adds the data directory DIR/d, which a snapshot of storage version
// 3.7 was restored to, and DIR/data, which has no WAL, to files.
func restoredDir(t *testing.T) string {
	t.Helper()
	dir, _ := dataDir(t)
	if got := run(t, t.Context(), dir, "snapshot", "restore", "DIR/s.db", "--data-dir", "DIR/d"); got.code != 0 {
		t.Fatalf("%+v", got)
	}
	return dir
}

func runInTurn(t *testing.T, dir string, cases []fileCase) {
	t.Helper()
	for _, tc := range cases {
		if got := run(t, t.Context(), dir, strings.Fields(tc.args)...); got != tc.want {
			t.Errorf("%s\ngot  %+v\nwant %+v", tc.args, got, tc.want)
		}
	}
}

const noDB = "Error: stat DIR/none/member/snap/db: no such file or directory\n"

// TestMigrate has the errors and exit codes of etcdutl 3.7.3.
func TestMigrate(t *testing.T) {
	t.Parallel()
	dir := restoredDir(t)
	const plan = "cannot create migration plan: version \"3.8.0\" is not supported"
	runInTurn(t, dir, []fileCase{
		{"migrate DIR/d", result{1, "", "Error: required flag(s) \"data-dir\", \"target-version\" not set: " +
			"did you mean etcdutl migrate --data-dir DIR/d --target-version TARGET-VERSION?\n"}},
		{"migrate", result{1, "", "Error: required flag(s) \"data-dir\", \"target-version\" not set\n"}},
		{"migrate --data-dir DIR/d --target-version 3", result{cli.BadArgs, "", "Error: wrong target version format, expected \"X.Y\", got \"3\"\n"}},
		{"migrate --data-dir DIR/d --target-version x.y", result{cli.BadArgs, "", "Error: failed to parse target version: strconv.ParseInt: parsing \"x\": invalid syntax\n"}},
		{"migrate --data-dir DIR/none --target-version 3.4", result{cli.BadArgs, "", "Error: target version \"3.4\" not supported. Minimal \"3.5\"\n"}},
		{"migrate --data-dir DIR/none --target-version 3.6", result{1, "", noDB}},
		{"migrate --data-dir DIR/data --target-version 3.6", result{1, "", "Error: failed to read wal: open DIR/data/member/wal: no such file or directory\n"}},
		{"migrate --data-dir DIR/data --target-version 3.7", result{0, "", "DIR/data is of storage version 3.7 already\nstorage version up-to-date\t{\"storage-version\": \"3.7\"}\n"}},
		{"migrate --data-dir DIR/d --target-version 3.8", result{1, "", "Error: " + plan + "\n"}},
		{"migrate --data-dir DIR/d --target-version 3.6 extra -w nonsense", result{0, "", "Migrated DIR/d from storage version 3.7 to 3.6\nupdated storage version\t{\"new-storage-version\": \"3.6.0\"}\n"}},
		{"migrate --data-dir DIR/d --target-version 3.5 --compat 3.6", result{0, "", "Migrated DIR/d from storage version 3.6 to 3.5\nupdated storage version\t{\"new-storage-version\": \"3.5.0\"}\n"}},
		{"migrate --data-dir DIR/d --target-version 3.8 --force", result{0, "", "Warning: forced, although: " + plan + "\nMigrated DIR/d from storage version 3.5 to 3.8\n" +
			"normal migrate failed, trying with force\t{\"error\": \"cannot create migration plan: version \\\"3.8.0\\\" is not supported\"}\n" +
			"forcefully set storage version\t{\"storage-version\": \"3.8\"}\n"}},
	})
	db, err := bolt.Open(filepath.Join(dir, "d", "member", "snap", "db"), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	locked := strings.ReplaceAll(wantLocked, "/data/", "/d/")
	waiting := strings.ReplaceAll(wantWaiting, "/data/", "/d/")
	runInTurn(t, dir, []fileCase{
		{"migrate --timeout 1ms --data-dir DIR/d --target-version 3.7", result{1, "", waiting + "Error: " + locked}},
		{"backup --timeout 1ms --data-dir DIR/d --backup-dir DIR/b", result{1, "", waiting + "Error: " + locked}},
		{"v2 export --timeout 1ms DIR/d", result{1, "", waiting + "Error: " + locked}},
	})
}

func TestV2(t *testing.T) {
	t.Parallel()
	dir := restoredDir(t)
	const none = "No custom content found in both v2store and WAL records.\n"
	runInTurn(t, dir, []fileCase{
		{"check v2store DIR/d", result{1, "", "Error: required flag(s) \"data-dir\" not set: did you mean etcdutl check v2store --data-dir DIR/d?\n"}},
		{"check v2store", result{1, "", "Error: required flag(s) \"data-dir\" not set\n"}},
		{"check v2store --data-dir DIR/d", result{0, none, ""}},
		{"check v2store --data-dir DIR/data --wal-dir DIR/d/member/wal extra -w nonsense", result{0, none, ""}},
		{"check v2store --data-dir DIR/none", result{1, "", "Error: open DIR/none/member/wal: no such file or directory\n"}},
		{"v2 export", result{cli.BadArgs, "", "Error: v2 export requires exactly one argument, the data directory\n"}},
		{"v2 export DIR/none", result{1, "", noDB}},
		{"v2 export DIR/data", result{1, "", "Error: open DIR/data/member/wal: no such file or directory\n"}},
		{"v2 export DIR/d", result{0, "", "Exported DIR/d: 0 keys and 0 directories at index 1, 0 of them hidden\n"}},
		{"v2 export --data-dir DIR/d", result{0, "", "Exported DIR/d: 0 keys and 0 directories at index 1, 0 of them hidden\n"}},
		{"v2 export DIR/d --data-dir DIR/d", result{cli.BadArgs, "", "Error: --data-dir names the data directory: leave the argument out\n"}},
		{"v2 export DIR/d --output DIR/out", result{0, "", "Exported DIR/d: 0 keys and 0 directories at index 1, 0 of them hidden\n"}},
		{"v2 export DIR/d --output DIR/none/out", result{1, "", "Error: could not open DIR/none/out.part (open DIR/none/out.part: no such file or directory)\n"}},
	})
	if b, err := os.ReadFile(filepath.Join(dir, "out")); err != nil || len(b) != 0 {
		t.Errorf("%q, %v", b, err)
	}
}

func TestBackup(t *testing.T) {
	t.Parallel()
	dir := restoredDir(t)
	runInTurn(t, dir, []fileCase{
		{"backup DIR/d DIR/b", result{1, "", "Error: required flag(s) \"data-dir\", \"backup-dir\" not set: " +
			"did you mean etcdutl backup --data-dir DIR/d --backup-dir DIR/b?\n"}},
		{"backup", result{1, "", "Error: required flag(s) \"backup-dir\", \"data-dir\" not set\n"}},
		{"backup --data-dir DIR/none --backup-dir DIR/b", result{1, "", noDB}},
		{"backup --data-dir DIR/data --backup-dir DIR/b", result{1, "", "Error: read the WAL: open DIR/data/member/wal: no such file or directory\n"}},
		{"backup --data-dir DIR/d --backup-dir DIR/b", result{0, "", "Backed up DIR/d to DIR/b: up to entry 1, 0 of them in the WAL\n" +
			"Start it with: etcd --data-dir DIR/b --force-new-cluster\n"}},
		{"backup --data-dir DIR/d --backup-dir DIR/b", result{1, "", "Error: backup-dir \"DIR/b/member\" not empty or could not be read\n"}},
		{"backup --data-dir DIR/data --wal-dir DIR/d/member/wal --backup-dir DIR/c --backup-wal-dir DIR/w --with-v3=false extra -w nonsense", result{0, "",
			"Backed up DIR/data to DIR/c: up to entry 1, 1 of them in the WAL\nStart it with: etcd --data-dir DIR/c --wal-dir DIR/w --force-new-cluster\n"}},
	})
}

// TestAbbreviations are those that worked before there were v2 and check.
func TestAbbreviations(t *testing.T) {
	t.Parallel()
	runInTurn(t, t.TempDir(), []fileCase{
		{"c nonsense", run(t, t.Context(), "none", "completion", "nonsense")},
		{"v", run(t, t.Context(), "none", "version")},
	})
}
