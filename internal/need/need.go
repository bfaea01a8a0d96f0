// Package need is the one place where the tests of the packages skip what a
// machine can't run.
package need

import (
	"os"
	"os/exec"
	"slices"
	"testing"
)

// Thing is a requirement of a test.
type Thing string

// The requirements of tests.
const (
	Shell    Thing = "sh"
	Locks    Thing = "file locks"
	OpenFile Thing = "names of open files (/dev/fd)"
	Terminal Thing = "pseudo terminals"
	User     Thing = "a user other than root, who may write everywhere"
)

// given lists what a machine that runs .ci/run has: under CI a test fails without
// it.
func given() []Thing { return []Thing{Shell, Locks, OpenFile, Terminal} }

// OrSkip does nothing if err is nil. Otherwise the machine lacks the requirement,
// and the test is skipped, or fails if CI is set and every CI machine has it.
func OrSkip(t testing.TB, what Thing, err error) {
	t.Helper()
	switch {
	case err == nil:
	case os.Getenv("CI") != "" && slices.Contains(given(), what):
		t.Fatalf("%s is missing: %v", what, err)
	default:
		t.Skipf("needs %s: %v", what, err)
	}
}

// Program returns the path of a program.
func Program(t testing.TB, what Thing, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	OrSkip(t, what, err)
	return path
}

// NotRoot skips a test of missing rights if it runs as root.
func NotRoot(t testing.TB) {
	t.Helper()
	if os.Getuid() == 0 {
		OrSkip(t, User, os.ErrPermission)
	}
}
