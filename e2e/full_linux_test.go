package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"etcdkit/e2e/need"
	"etcdkit/e2e/refs"
	"etcdkit/e2e/script"
)

// TestFullDisk runs commands that write to a file system that is too small, in
// bytes or in files: each reports that, and leaves existing files unchanged.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	mountSmall(t, t.TempDir(), "size=1m") // skips if that is not allowed
	c, saved := largeCluster(t)
	data := largeDataDir(t)
	plain := readFile(t, saved)
	plain = plain[:len(plain)-32]
	const noSpace, needed = "no space left on device", " bytes are needed, "
	for _, tc := range []struct {
		name, options, want string
		args                func(dir string) []string
		defrag              bool
	}{
		{name: "save", options: "size=8m", want: noSpace, args: func(dir string) []string {
			return []string{"etcdctl", "--endpoints=" + c.Endpoints(), "snapshot", "save", filepath.Join(dir, "s.db")}
		}},
		{name: "restore", options: "size=8m", want: needed, args: func(dir string) []string {
			return []string{"etcdutl", "snapshot", "restore", saved, "--data-dir=" + filepath.Join(dir, "data")}
		}},
		{name: "restore, files", options: "size=400m,nr_inodes=6", want: noSpace, args: func(dir string) []string {
			return []string{"etcdutl", "snapshot", "restore", saved, "--data-dir=" + filepath.Join(dir, "data")}
		}},
		{name: "restore all members, files", options: "size=800m,nr_inodes=14", want: noSpace, args: func(dir string) []string {
			return []string{"etcdutl", "snapshot", "restore", saved, "--data-dir=" + dir, "--all-members", "--initial-cluster=a=http://a:1,b=http://b:1"}
		}},
		{name: "backup", options: "size=48m", want: needed, args: func(dir string) []string {
			return []string{"etcdutl", "backup", "--data-dir", data, "--backup-dir", filepath.Join(dir, "data")}
		}},
		{name: "backup, files", options: "size=400m,nr_inodes=6", want: noSpace, args: func(dir string) []string {
			return []string{"etcdutl", "backup", "--data-dir", data, "--backup-dir", filepath.Join(dir, "data")}
		}},
		{name: "defrag", options: "size=48m", want: needed, defrag: true, args: func(dir string) []string {
			return []string{"etcdutl", "defrag", "--data-dir=" + dir}
		}},
		{name: "defrag, files", options: "size=400m,nr_inodes=4", want: noSpace, defrag: true, args: func(dir string) []string {
			return []string{"etcdutl", "defrag", "--data-dir=" + dir}
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			parallel(t, script.TurnUsual)
			dir := t.TempDir()
			mountSmall(t, dir, tc.options)
			db := filepath.Join(dir, "member", "snap", "db")
			if tc.defrag {
				mkdir(t, filepath.Dir(db))
				if err := os.WriteFile(db, plain, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			before := allBelow(t, dir)
			args := tc.args(dir)
			out, err := exec.CommandContext(t.Context(), refs.Path(engine.Ours, args[0]), args[1:]...).CombinedOutput()
			if err == nil || !strings.Contains(string(out), tc.want) || !strings.Contains(string(out), "Error: ") {
				t.Errorf("%v: %s\nwant %q", err, out, tc.want)
			}
			if after := allBelow(t, dir); after != before {
				t.Errorf("left %s\nwant %s", after, before)
			}
			if tc.defrag && !bytes.Equal(readFile(t, db), plain) {
				t.Error("the database was changed")
			}
		})
	}
}

// TestTightDisk gives commands no more room than their results need: the server's packages prepare more of the WAL where they can.
func TestTightDisk(t *testing.T) {
	t.Parallel()
	mountSmall(t, t.TempDir(), "size=1m") // skips if that is not allowed
	_, saved := largeCluster(t)
	data := largeDataDir(t)
	const segment = 64_000_000 // of a WAL
	db := len(readFile(t, saved))
	for name, tc := range map[string]struct {
		size int
		args []string
	}{
		"restore":             {segment + db, []string{"snapshot", "restore", saved, "--data-dir=data"}},
		"restore all members": {2 * (segment + db), []string{"snapshot", "restore", saved, "--data-dir=data", "--all-members", "--initial-cluster=a=http://a:1,b=http://b:1"}},
		"backup":              {segment + len(readFile(t, filepath.Join(data, "member", "snap", "db"))), []string{"backup", "--data-dir", data, "--backup-dir=data"}},
	} {
		t.Run(name, func(t *testing.T) {
			parallel(t, script.TurnUsual)
			dir := t.TempDir()
			mountSmall(t, dir, fmt.Sprintf("size=%d", tc.size+1<<20))
			cmd := exec.CommandContext(t.Context(), refs.Path(engine.Ours, "etcdutl"), tc.args...)
			cmd.Dir = dir
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
			if spare, _ := filepath.Glob(filepath.Join(dir, "data", "*", "*", "*.tmp")); len(spare) > 0 {
				t.Errorf("left %s", spare)
			}
		})
	}
}

// mountSmall mounts a file system in memory until the test ends.
func mountSmall(t *testing.T, dir, options string) {
	t.Helper()
	requireOrSkip(t, need.Mount, syscall.Mount("tmpfs", dir, "tmpfs", 0, options))
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Errorf("unmount %s: %v", dir, err)
		}
	})
}

// allBelow lists the files below dir.
func allBelow(t *testing.T, dir string) string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		names = append(names, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(names, "\n")
}
