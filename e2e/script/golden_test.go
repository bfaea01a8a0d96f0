package script

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestGolden tests golden itself: any difference between a program and its
// golden has to fail the script.
func TestGolden(t *testing.T) {
	t.Parallel()
	const fake = `#!/bin/sh
echo out
echo '{"level":"info"}' >&2
echo err >&2
exit $1
`
	for _, tc := range []struct{ name, script, want string }{
		{"as it says", "! etcdctl 3\ngolden g\n-- g --\n$ etcdctl 3\nout\n[stderr] {\"level\":\"info\"}\n[stderr] err\n[exit 3]\n", ""},
		{"success has no exit code", "etcdctl 0\ngolden g\n-- g --\n$ etcdctl 0\nout\n[stderr] {\"level\":\"info\"}\n[stderr] err\n", ""},
		{"other stdout", "etcdctl 0\ngolden g\n-- g --\n$ etcdctl 0\nother\n[stderr] {\"level\":\"info\"}\n[stderr] err\n", "+out"},
		{"a log line more", "etcdctl 0\ngolden g\n-- g --\n$ etcdctl 0\nout\n[stderr] err\n", `+[stderr] {"level":"info"}`},
		{"no stderr", "etcdctl 0\ngolden g\n-- g --\n$ etcdctl 0\nout\n", "+[stderr] err"},
		{"other exit code", "! etcdctl 3\ngolden g\n-- g --\n$ etcdctl 3\nout\n[stderr] {\"level\":\"info\"}\n[stderr] err\n[exit 4]\n", "+[exit 3]"},
		{"a program more", "etcdctl 0\netcdctl 0\ngolden g\n-- g --\n$ etcdctl 0\nout\n[stderr] {\"level\":\"info\"}\n[stderr] err\n", "+$ etcdctl 0"},
		{"nothing to compare", "golden g\n-- g --\n", "nothing to compare"},
		{"no golden", "etcdctl 0\n", "1 left"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			e := testEngine(t)
			e.Ours = t.TempDir()
			file := filepath.Join(t.TempDir(), "script.txtar")
			writeProgram(t, filepath.Join(e.Ours, "etcdctl"), fake)
			writeFile(t, file, tc.script, 0o644)
			got := e.tryScript(t, file)
			if tc.want == "" && got != "" || !strings.Contains(got, tc.want) {
				t.Errorf("got:\n%s\nwant: %q", got, tc.want)
			}
		})
	}
}

// tryScript is Script with the outcome returned instead of failing the test.
func (e *Engine) tryScript(t *testing.T, file string) string {
	t.Helper()
	var logs strings.Builder
	outcome := make(chan string, 1)
	go func() { // a failing script ends its goroutine
		failed := true
		defer func() {
			if failed {
				outcome <- logs.String()
			}
		}()
		left, err := e.play(t.Context(), &recorder{log: &logs}, file, side{line: DefaultLine}, new(Transcript))
		failed = false
		switch {
		case err != nil:
			outcome <- err.Error()
		case left > 0:
			outcome <- fmt.Sprintf("%d left", left)
		default:
			outcome <- ""
		}
	}()
	return <-outcome
}

// writeProgram writes a shell script through a separate process: a descriptor
// of ours that is open for writing could be inherited by a process that another
// test starts at that moment, and the script would be too busy to be run.
func writeProgram(t *testing.T, path, text string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", `cat >"$0" && chmod 755 "$0"`, path)
	cmd.Stdin = strings.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("write %s: %v: %s", path, err, out)
	}
}
