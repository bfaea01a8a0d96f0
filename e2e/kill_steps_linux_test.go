package e2e

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"etcdkit/e2e/cluster"
	"etcdkit/e2e/need"
	"etcdkit/e2e/proc"
	"etcdkit/e2e/refs"
	"etcdkit/e2e/script"
)

// stepwise is a command of etcdutl that is killed before every step it takes.
type stepwise struct {
	name  string
	empty []string // directories that exist before
	// units are the directories that it publishes, in that order, each as a whole.
	units []string
	args  func(dir string) []string
}

// TestKilledBetweenSteps kills commands that make directories before every
// rename; in its long form, also before each call that makes or removes a file
// or a directory. Afterwards the first ones of the directories that they
// publish exist, each complete, and the others are missing; and the next run
// succeeds, or names the files to remove first.
func TestKilledBetweenSteps(t *testing.T) {
	t.Parallel()
	data, saved := stoppedWithV2(t)
	members := "a=http://a:1,b=http://b:1,c=http://c:1"
	restore := func(args ...string) func(dir string) []string {
		return func(dir string) []string { return below(dir, append([]string{"snapshot", "restore", saved}, args...)) }
	}
	backup := func(args ...string) func(dir string) []string {
		return func(dir string) []string { return below(dir, append([]string{"backup", "--data-dir", data}, args...)) }
	}
	for _, s := range []stepwise{
		{name: "restore", units: []string{"d"}, args: restore("--data-dir=DIR/d")},
		{name: "restore, empty", empty: []string{"d"}, units: []string{"d/member"}, args: restore("--data-dir=DIR/d")},
		{name: "restore, WAL elsewhere", units: []string{"w", "d"}, args: restore("--data-dir=DIR/d", "--wal-dir=DIR/w")},
		{
			name: "restore, empty, WAL elsewhere", empty: []string{"d"}, units: []string{"w", "d/member"},
			args: restore("--data-dir=DIR/d", "--wal-dir=DIR/w"),
		},
		{
			name: "restore, empty, WAL beside", empty: []string{"d"}, units: []string{"d/wal", "d/member"},
			args: restore("--data-dir=DIR/d", "--wal-dir=DIR/d/wal"),
		},
		{
			name: "restore all", units: []string{"all/a", "all/b", "all/c"},
			args: restore("--data-dir=DIR/all", "--all-members", "--initial-cluster="+members),
		},
		{name: "backup", units: []string{"d/member"}, args: backup("--backup-dir=DIR/d")},
		{
			name: "backup, empty", empty: []string{"d/member"}, units: []string{"d/member/wal", "d/member/snap"},
			args: backup("--backup-dir=DIR/d"),
		},
		{name: "backup, WAL elsewhere", units: []string{"w", "d/member"}, args: backup("--backup-dir=DIR/d", "--backup-wal-dir=DIR/w")},
		{
			name: "backup, WAL elsewhere, empty", empty: []string{"w"}, units: []string{"w", "d/member"},
			args: backup("--backup-dir=DIR/d", "--backup-wal-dir=DIR/w"),
		},
	} {
		t.Run(s.name, func(t *testing.T) {
			parallel(t, script.TurnUsual)
			s.run(t)
		})
	}
}

// stoppedWithV2 returns the data directory of a stopped server with keys of v2 and v3, and a snapshot of it.
func stoppedWithV2(t *testing.T) (data, saved string) {
	t.Helper()
	dir := t.TempDir()
	data, saved = filepath.Join(dir, "data"), filepath.Join(dir, "s.db")
	source := startCluster(t, cluster.Options{
		Bin: build(t, "3.5"), Dir: filepath.Join(dir, "source"), DataDir: data, Args: []string{"--enable-v2", "--snapshot-count=20"},
	})
	fillV2(t, source.Members[0])
	ourCtl(t, source.Members[0], "put", "v3", "too")
	ourCtl(t, source.Members[0], "snapshot", "save", saved)
	source.Stop()
	return data, saved
}

func below(dir string, args []string) []string {
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "DIR", dir)
	}
	return args
}

func (s stepwise) run(t *testing.T) {
	steps, dir := proc.Renames(), t.TempDir()
	if *soak {
		steps = proc.Names()
	}
	s.fresh(t, dir)
	if out, err := s.again(t, dir); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	whole, hashes := sizes(t, dir), s.hashes(t, dir)
	for n := 1; ; n++ {
		s.fresh(t, dir)
		ended, err := proc.KillBefore(steps, n, refs.Path(engine.Ours, "etcdutl"), s.args(dir)...)
		if errors.Is(err, syscall.EPERM) {
			requireOrSkip(t, need.Trace, err)
		}
		if err != nil {
			t.Fatal(err)
		}
		if ended {
			if got := sizes(t, dir); got != whole {
				t.Errorf("a complete run left\n%s\nwant\n%s", got, whole)
			}
			t.Logf("killed before each of %d steps", n-1)
			return
		}
		s.check(t, dir, whole, hashes)
		if t.Failed() {
			t.Fatalf("killed before step %d", n)
		}
	}
}

func (s stepwise) fresh(t *testing.T, dir string) {
	t.Helper()
	killed{prepare: func(t *testing.T, dir string) {
		t.Helper()
		for _, name := range s.empty {
			mkdir(t, filepath.Join(dir, name))
		}
	}}.fresh(t, dir)
}

// again runs the command to its end.
func (s stepwise) again(t *testing.T, dir string) (string, error) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), refs.Path(engine.Ours, "etcdutl"), s.args(dir)...).CombinedOutput()
	return string(out), err
}

// check inspects the files that a killed run has left, and lets the next one
// finish.
func (s stepwise) check(t *testing.T, dir, whole, hashes string) {
	t.Helper()
	there := s.published(t, dir, whole)
	out, err := s.again(t, dir)
	switch {
	case there == len(s.units): // killed when everything was published, which a second run does not change
		if err == nil {
			t.Error("the result was overwritten")
		}
		return
	case there > 0:
		said := regexp.MustCompile(`(?s)^Error: .*; if that is what a killed run has left, remove (".*") and try again\n$`).FindStringSubmatch(out)
		if err == nil || said == nil {
			t.Fatalf("the next run: %v: %s", err, out)
		}
		for _, path := range strings.Split(said[1], ", ") {
			if err := os.RemoveAll(strings.Trim(path, `"`)); err != nil {
				t.Fatal(err)
			}
		}
		s.empties(t, dir)
		out, err = s.again(t, dir)
	}
	if err != nil {
		t.Fatalf("the next run: %v: %s", err, out)
	}
	if got := sizes(t, dir); got != whole {
		t.Errorf("the next run left\n%s\nwant\n%s", got, whole)
	}
	if got := s.hashes(t, dir); got != hashes {
		t.Errorf("the next run: hashkv %s, want %s", got, hashes)
	}
}

// empties checks that nothing is left at the final places once the files named
// by an error are removed.
func (s stepwise) empties(t *testing.T, dir string) {
	t.Helper()
	for _, unit := range s.units {
		if exists(filepath.Join(dir, unit)) {
			t.Errorf("%s is left", unit)
		}
	}
}

// published counts the units that exist: the first ones, each of them complete.
func (s stepwise) published(t *testing.T, dir, whole string) int {
	t.Helper()
	there := 0
	for i, unit := range s.units {
		got, want := filesOf(sizes(t, dir), unit), filesOf(whole, unit)
		switch {
		case got == "": // missing, or unchanged
		case got != want || i != there:
			t.Fatalf("after %d others, %s has\n%swant\n%s", there, unit, got, want)
		default:
			there++
		}
	}
	return there
}

// filesOf are the lines of a listing about the files of a directory.
func filesOf(listing, dir string) string {
	var of strings.Builder
	for line := range strings.Lines(listing) {
		if strings.HasPrefix(line, dir+"/") && line != dir+"/\n" && !strings.Contains(line, "/.part-") {
			of.WriteString(line)
		}
	}
	return of.String()
}

// sizes lists the files and the empty directories below dir, with the size of files. That of a database may differ by some free
// pages, and is left out.
func sizes(t *testing.T, dir string) string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		info, err := e.Info()
		switch {
		case err != nil:
			return err
		case e.IsDir():
			all = append(all, rel+"/")
		case e.Name() == "db":
			all = append(all, rel)
		default:
			all = append(all, fmt.Sprintf("%s %d", rel, info.Size()))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return strings.Join(all, "\n") + "\n"
}

// hashes are those of all databases below dir.
func (s stepwise) hashes(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	for line := range strings.Lines(sizes(t, dir)) {
		if path := strings.TrimSpace(line); filepath.Base(path) == "db" {
			all.WriteString(hashOf(t, filepath.Join(dir, path)))
		}
	}
	return all.String()
}
