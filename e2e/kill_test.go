package e2e

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"etcdkit/e2e/cluster"
	"etcdkit/e2e/refs"
	"etcdkit/e2e/script"
)

// moments is at how many moments each command is killed.
func moments() int {
	if *soak {
		return 50
	}
	return 4
}

// killed is a command that is killed while it works.
type killed struct {
	name    string
	prepare func(t *testing.T, dir string) // makes the input of the command, in an empty directory
	args    func(dir string) []string      // of etcdutl, or of etcdctl from "snapshot save" on
	whole   func(t *testing.T, dir string, complete bool)
	left    []string // of dir, after a complete run
	once    bool     // it does not replace existing files
}

// TestKilled kills commands that write at random moments. The final place
// afterwards has the previous contents or the finished result; and the next run
// succeeds and leaves nothing but the result.
func TestKilled(t *testing.T) {
	t.Parallel()
	c, saved := largeCluster(t)
	for _, k := range append(killedCommands(c, saved, hashOf(t, saved)), killedBackup(t, largeDataDir(t)), killedSave(c)) {
		t.Run(k.name, func(t *testing.T) {
			parallel(t, script.TurnUsual)
			dir := t.TempDir()
			took := time.Hour // the shortest so far
			for range 2 {
				k.fresh(t, dir)
				took = min(took, k.complete(t, dir))
			}
			ends := map[bool]int{}
			for range moments() {
				k.fresh(t, dir)
				at := rand.N(took)
				done := k.kill(t, dir, at)
				ends[done]++
				k.whole(t, dir, done)
				if k.once && exists(filepath.Join(dir, "data", "member")) {
					continue // killed when everything was published, which a second run does not change
				}
				if !done {
					took = min(took, k.complete(t, dir))
				}
				if t.Failed() {
					t.Fatalf("killed after %v of %v", at, took)
				}
			}
			t.Logf("%d runs were killed, %d had ended before", ends[false], ends[true])
		})
	}
}

// largeCluster starts a cluster with 32 MB in values of many sizes, deletes half of it, and saves a snapshot.
func largeCluster(t *testing.T) (c *cluster.Cluster, saved string) {
	t.Helper()
	c = startCluster(t, cluster.Options{Bin: build(t, "3.7"), Dir: t.TempDir(), Args: []string{"--unsafe-no-fsync"}})
	saved = filepath.Join(t.TempDir(), "s.db")
	fillLarge(t, c.Members[0])
	ourCtl(t, c.Members[0], "snapshot", "save", saved)
	return c, saved
}

// largeDataDir returns the data directory of a stopped server of 3.5 with the same in it.
func largeDataDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	c := startCluster(t, cluster.Options{Bin: build(t, "3.5"), Dir: dir, DataDir: data, Args: []string{"--unsafe-no-fsync"}})
	fillLarge(t, c.Members[0])
	c.Stop()
	return data
}

func fillLarge(t *testing.T, m *cluster.Member) {
	t.Helper()
	for i := range 64 {
		run(t, bytes.Repeat([]byte{byte('a' + i%26)}, 500_000+i), m, "put", fmt.Sprintf("large/%02d", i))
	}
	var txn strings.Builder
	txn.WriteString("\n")
	for i := range 128 {
		fmt.Fprintf(&txn, "put small/%03d %s\n", i, strings.Repeat("v", i+1))
	}
	txn.WriteString("\n\n")
	run(t, []byte(txn.String()), m, "txn")
	ourCtl(t, m, "del", "large/20", "large/52")
	ourCtl(t, m, "compaction", "--physical", "67")
}

func hashOf(t *testing.T, path string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), refs.Path(engine.Ours, "etcdutl"), "hashkv", path).CombinedOutput()
	if err != nil {
		t.Fatalf("hashkv %s: %v: %s", path, err, out)
	}
	return string(out)
}

// wholeMember checks that below data in a directory there is no member, unless
// the command was completed, or a complete one: with the files that the
// patterns match, once each, and a database of this hash.
func wholeMember(hash string, patterns ...string) func(t *testing.T, dir string, complete bool) {
	return func(t *testing.T, dir string, complete bool) {
		t.Helper()
		member := filepath.Join(dir, "data", "member")
		if !complete && !exists(member) {
			return
		}
		if got := hashOf(t, filepath.Join(member, "snap", "db")); got != hash {
			t.Errorf("hashkv %s, want %s", got, hash)
		}
		for _, pattern := range patterns {
			if found, err := filepath.Glob(filepath.Join(member, pattern)); len(found) != 1 || err != nil {
				t.Errorf("%s: %q, %v", pattern, found, err)
			}
		}
	}
}

// killedBackup is a backup of a data directory.
func killedBackup(t *testing.T, data string) killed {
	t.Helper()
	return killed{
		name: "backup",
		args: func(dir string) []string {
			return []string{"backup", "--data-dir=" + data, "--backup-dir=" + filepath.Join(dir, "data")}
		},
		whole: wholeMember(hashOf(t, filepath.Join(data, "member", "snap", "db")), "wal/*.wal"),
		left:  []string{"data", "data/member"},
		once:  true,
	}
}

// killedSave is a save to a repository, which afterwards has good backups only.
func killedSave(c *cluster.Cluster) killed {
	return killed{
		name: "backup save",
		args: func(dir string) []string {
			return []string{"--endpoints=" + c.Endpoints(), "backup", "save", "--quiet", "--repo=" + filepath.Join(dir, "data")}
		},
		whole: func(t *testing.T, dir string, complete bool) {
			t.Helper()
			repo := filepath.Join(dir, "data")
			if !complete && !exists(repo) {
				return
			}
			out, err := exec.CommandContext(t.Context(), refs.Path(engine.Ours, "etcdctl"), "backup", "verify", "--all", "--repo="+repo).CombinedOutput()
			if err != nil || complete && !bytes.Contains(out, []byte(": ok (deep): ")) {
				t.Errorf("%v: %s", err, out)
			}
		},
		left: []string{"data"},
	}
}

func killedCommands(c *cluster.Cluster, saved, hash string) []killed {
	db := func(dir string) string { return filepath.Join(dir, "data", "member", "snap", "db") }
	restored := wholeMember(hash, "wal/*.wal", "snap/*.snap")
	restore := func(dir string) []string {
		return []string{"snapshot", "restore", saved, "--data-dir=" + filepath.Join(dir, "data")}
	}
	return []killed{
		{name: "restore", args: restore, whole: restored, left: []string{"data", "data/member"}, once: true},
		{
			name: "restore into an empty directory",
			prepare: func(t *testing.T, dir string) {
				t.Helper()
				mkdir(t, filepath.Join(dir, "data"))
			},
			args: restore, whole: restored, left: []string{"data", "data/member"}, once: true,
		},
		{
			name: "defrag",
			prepare: func(t *testing.T, dir string) {
				t.Helper()
				mkdir(t, filepath.Dir(db(dir)))
				data := readFile(t, saved)
				if err := os.WriteFile(db(dir), data[:len(data)-32], 0o600); err != nil {
					t.Fatal(err)
				}
			},
			args: func(dir string) []string { return []string{"defrag", "--data-dir=" + filepath.Join(dir, "data")} },
			whole: func(t *testing.T, dir string, _ bool) {
				t.Helper()
				if got := hashOf(t, db(dir)); got != hash {
					t.Errorf("hashkv %s, want %s", got, hash)
				}
			},
			left: []string{"data", "data/member", "data/member/snap", "data/member/snap/db"},
		},
		{
			name: "snapshot save",
			args: func(dir string) []string {
				return []string{"--endpoints=" + c.Endpoints(), "snapshot", "save", filepath.Join(dir, "data")}
			},
			whole: func(t *testing.T, dir string, complete bool) {
				t.Helper()
				path := filepath.Join(dir, "data")
				if !complete && !exists(path) {
					return
				}
				if got := hashOf(t, path); got != hash {
					t.Errorf("hashkv %s, want %s", got, hash)
				}
				if out, err := exec.CommandContext(t.Context(), refs.Path(engine.Ours, "etcdutl"), "snapshot", "verify", path).CombinedOutput(); err != nil {
					t.Errorf("verify: %v: %s", err, out)
				}
			},
			left: []string{"data"},
		},
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func mkdir(t *testing.T, dir string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
}

// fresh empties dir, and prepares it.
func (k killed) fresh(t *testing.T, dir string) {
	t.Helper()
	names, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		if err := os.RemoveAll(filepath.Join(dir, n.Name())); err != nil {
			t.Fatal(err)
		}
	}
	if k.prepare != nil {
		k.prepare(t, dir)
	}
}

func (k killed) command(t *testing.T, dir string) *exec.Cmd {
	t.Helper()
	program := "etcdutl"
	if k.name == "snapshot save" || k.name == "backup save" {
		program = "etcdctl"
	}
	return exec.CommandContext(t.Context(), refs.Path(engine.Ours, program), k.args(dir)...)
}

// complete runs the command to its end, and returns how long it took.
func (k killed) complete(t *testing.T, dir string) time.Duration {
	t.Helper()
	start := time.Now()
	if out, err := k.command(t, dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	took := time.Since(start)
	k.whole(t, dir, true)
	if got := upperTree(t, dir, k.left); !slices.Equal(got, k.left) {
		t.Errorf("there is %q, want %q", got, k.left)
	}
	return took
}

// kill starts the command and kills it, and reports whether it had ended
// before.
func (k killed) kill(t *testing.T, dir string, after time.Duration) (done bool) {
	t.Helper()
	cmd := k.command(t, dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() }) // it may have ended
	defer timer.Stop()
	return cmd.Wait() == nil
}

// upperTree lists dir, and the contents of the directories that want lists
// contents of.
func upperTree(t *testing.T, dir string, want []string) []string {
	t.Helper()
	parents := map[string]bool{".": true}
	for _, w := range want {
		parents[filepath.Dir(w)] = true
	}
	var found []string
	for parent := range parents {
		names, err := os.ReadDir(filepath.Join(dir, parent))
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range names {
			found = append(found, filepath.Join(parent, n.Name()))
		}
	}
	slices.Sort(found)
	return found
}
