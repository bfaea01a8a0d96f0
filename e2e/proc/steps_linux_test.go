package proc

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"testing"

	"etcdkit/e2e/need"
)

// KillBefore stops a program in front of each step it takes, one after another.
func TestKillBefore(t *testing.T) {
	t.Parallel()
	mv, err := exec.LookPath("mv")
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range [][]string{1: {"a/1", "a/2"}, 2: {"a/2", "b/1"}, 3: {"b/1", "b/2"}} {
		if want == nil {
			continue
		}
		dir := t.TempDir()
		for _, name := range []string{"a/1", "a/2", "b"} {
			if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		ended, err := KillBefore(Renames(), n, mv, filepath.Join(dir, "a/1"), filepath.Join(dir, "a/2"), filepath.Join(dir, "b"))
		if errors.Is(err, syscall.EPERM) {
			new(need.Skips).RequireOrSkip(t, need.Trace, err)
		}
		found, globErr := filepath.Glob(filepath.Join(dir, "*", "*"))
		if err := errors.Join(err, globErr); err != nil {
			t.Fatal(err)
		}
		for i := range found {
			found[i], _ = filepath.Rel(dir, found[i])
		}
		if ended != (n == 3) || !slices.Equal(found, want) {
			t.Errorf("before step %d: ended %v, there is %q, want %q", n, ended, found, want)
		}
	}
	if _, err := KillBefore(Names(), 1, "/nosuch"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	falsePath, err := exec.LookPath("false")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := KillBefore(Names(), 1, falsePath); err == nil {
		t.Error("a failure went unseen")
	}
}

// The end of a child that the same thread began is left for the one who waits for it.
func TestKillBeforeLeavesOthers(t *testing.T) {
	t.Parallel()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	other := exec.Command("true")
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	cp, err := exec.LookPath("cp")
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		_, err := KillBefore(Renames(), 1, cp, "/dev/null", filepath.Join(t.TempDir(), "copy"))
		if errors.Is(err, syscall.EPERM) {
			new(need.Skips).RequireOrSkip(t, need.Trace, err)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := other.Wait(); err != nil {
		t.Errorf("somebody else waited for it: %v", err)
	}
}
