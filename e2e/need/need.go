// Package need is the one place where the end-to-end tests skip cases that the
// machine can't run. It knows nothing of etcd.
package need

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
)

// Thing is a requirement of a test.
type Thing string

// The requirements of tests. CI has those that .ci/run installs.
const (
	Curl     Thing = "curl"                                   // installed by .ci/run
	Etcd34   Thing = "etcd 3.4 (etcd-server)"                 // installed by .ci/run
	Trace    Thing = "the right to trace"                     // ptrace
	Busybox  Thing = "a static busybox (busybox-static)"      // installed by .ci/run
	Chromium Thing = "chromium"                               // installed by .ci/run
	Dpkg     Thing = "dpkg"                                   // of Debian and Ubuntu, which CI runs on
	Chroot   Thing = "the right to change the root directory" // root
	Mount    Thing = "the right to mount a tmpfs"             // root in a new namespace
)

// installed lists the packages that .ci/run installs: under CI a test fails
// without them.
func installed() []Thing { return []Thing{Curl, Etcd34, Busybox, Dpkg, Chromium} }

// Skips collects the skipped tests. It is safe for concurrent use.
type Skips struct {
	mu  sync.Mutex
	all []string
}

// RequireOrSkip does nothing if err is nil. Otherwise the machine lacks the
// requirement, and the test is skipped, or fails if CI is set and .ci/run
// installs it.
func (s *Skips) RequireOrSkip(t testing.TB, what Thing, err error) {
	t.Helper()
	if err == nil {
		return
	}
	if os.Getenv("CI") != "" && slices.Contains(installed(), what) {
		t.Fatalf("%s is missing, which .ci/run installs: %v", what, err)
	}
	s.mu.Lock()
	s.all = append(s.all, fmt.Sprintf("%s: needs %s: %v", t.Name(), what, err))
	s.mu.Unlock()
	t.Skipf("needs %s: %v", what, err)
}

// Report writes a line for each test that was skipped.
func (s *Skips) Report(w io.Writer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	slices.Sort(s.all)
	for _, line := range s.all {
		fmt.Fprintln(w, "SKIPPED", line)
	}
}

// Program looks for a program on the PATH.
func Program(name string) error {
	_, err := exec.LookPath(name)
	return err
}
