package script

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"etcdkit/e2e/refs"
)

// TestHarnessCanFail tests the differential run itself: it must detect any
// difference of a program from the reference, and the reference must pass
// against itself.
func TestHarnessCanFail(t *testing.T) {
	t.Parallel()
	r := testEngine(t).Refs
	dir, err := r.Build(t.Context(), DefaultLine)
	if err != nil {
		t.Fatal(err)
	}
	real := refs.Path(dir, "etcdctl")
	for _, tc := range []struct {
		name, fake string // a shell script in etcdctl's place; %s is the real one
		script     string
		want       string // a piece of the difference, "" for none
	}{
		{"the reference itself", `exec %s "$@"`, "etcdctl version\n! etcdctl get\nexitcode 128\n", ""},
		{"a running server", `exec %s "$@"`, "cluster\netcdctl put a b -w json\netcdctl get a -w protobuf\netcdctl lease grant 100\n" +
			"capture -id LEASE 'lease ([0-9a-f]+)'\n", ""},
		{"a job", `exec %s "$@"`, "cluster\netcdctl watch a &w&\nawaitwatchers 1\netcdctl put a b\nawait -lines 3 w\n" +
			"signal w INT\n! collect w\n", ""},
		{"a terminal", `exec %s "$@"`, "cluster\npty d etcdctl txn -i\n-- d --\nexpect compares:\nsendline\n" +
			"expect success\nsendline put a b\nsendline\nexpect failure\nsendline\nexpect OK\n", ""},
		{"a missing mask", `exec %s "$@"`, "cluster\netcdctl lease grant 100\n", "granted"},
		{"other output", `echo other`, "etcdctl version\n", "+other"},
		{"other value", `%s "$@" | sed s/b/c/`, "cluster\netcdctl put a b\netcdctl get a\n", "-b\n+c"},
		{"no newline", `printf %%s "$(%s "$@")"`, "etcdctl version\n", "[no newline]"},
		{"other exit code", `%s "$@"; exit 1`, "! etcdctl get\n", "+[exit 1]"},
		{"success instead of failure", `%s "$@"; exit 0`, "deviates error C-000\n! etcdctl get\n", "+[exit 0]"},
		{"other error", `echo "Error: other" >&2; exit 128`, "! etcdctl get\n", "+[stderr] Error: other"},
		{"other protobuf", `%s "$@" | sed s/val/lav/`, "cluster\netcdctl put key val\netcdctl get key -w protobuf\n", `+2.5: "lav"`},
		{"other lines of a job", `echo nothing`, "cluster\netcdctl watch a --rev 1 &w&\nref etcdctl put a b\nawait w b\n" +
			"deviates exit C-000\nsignal w INT\ncollect w\n", "ended without printing"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			bin, file := t.TempDir(), filepath.Join(t.TempDir(), "script.txtar")
			body := tc.fake
			if strings.Contains(body, "%") {
				body = fmt.Sprintf(body, real)
			}
			writeProgram(t, filepath.Join(bin, "etcdctl"), "#!/bin/sh\n"+body+"\n")
			writeFile(t, file, tc.script, 0o644)
			e := &Engine{Refs: r, Ours: bin}
			got := e.tryBoth(t, file)
			if tc.want == "" && got != "" || !strings.Contains(got, tc.want) {
				t.Errorf("got:\n%s\nwant: %q", got, tc.want)
			}
		})
	}
}

func testEngine(t *testing.T) *Engine {
	t.Helper()
	r, err := refs.Open()
	if err != nil {
		t.Fatal(err)
	}
	return &Engine{Refs: r}
}

// tryBoth is Diff with the outcome returned instead of failing the test.
func (e *Engine) tryBoth(t *testing.T, file string) string {
	t.Helper()
	ref, ours := new(Transcript), new(Transcript)
	var logs strings.Builder
	for _, run := range []struct {
		side side
		tr   *Transcript
	}{{side{reference: true, diff: true, line: DefaultLine}, ref}, {side{diff: true, line: DefaultLine}, ours}} {
		rec := &recorder{log: &logs}
		done := make(chan error, 1)
		go func() { // a failing script ends its goroutine
			err := errors.New("the script failed")
			defer func() { done <- err }()
			_, err = e.play(t.Context(), rec, file, run.side, run.tr)
		}()
		if err := <-done; err != nil && run.side.reference {
			t.Fatalf("reference: %v\n%s", err, logs.String())
		}
	}
	if d := Compare(ref.bordersOf(side{}), ours); d != "" {
		return d + logs.String()
	}
	return ""
}

// recorder takes a script's failure without failing the test.
type recorder struct{ log *strings.Builder }

func (r *recorder) Skip(args ...any)                   { r.Fatal(args...) }
func (r *recorder) Fatal(args ...any)                  { r.Log(args...); r.FailNow() }
func (r *recorder) Parallel()                          {}
func (r *recorder) Log(args ...any)                    { fmt.Fprintln(r.log, args...) }
func (r *recorder) FailNow()                           { runtime.Goexit() }
func (r *recorder) Run(_ string, f func(testscript.T)) { f(r) }
func (r *recorder) Verbose() bool                      { return false }

func writeFile(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}
