// Package e2e holds the end-to-end tests: scripts on our programs (testdata/script) and scripts that compare them with
// upstream's (testdata/diff). It runs binaries only; it must not import the root module.
package e2e

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"etcdkit/e2e/need"
	"etcdkit/e2e/refs"
	"etcdkit/e2e/script"
)

var (
	update = flag.Bool("update", false, "rewrite the expectations of the scripts")
	goOn   = flag.Bool("keepgoing", false, "run a script to its end even when a line fails")
	soak   = flag.Bool("soak", false, "run the tests of files and signals for longer")
	engine = new(script.Engine) // filled by TestMain, then only read
	skips  need.Skips           // reported by TestMain
)

func TestMain(m *testing.M) {
	flag.Parse()
	hearSignals()
	code, err := runTests(m)
	skips.Report(os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

// requireOrSkip skips a test if the machine lacks a requirement; err is nil if
// it has it.
func requireOrSkip(t *testing.T, what need.Thing, err error) {
	t.Helper()
	skips.RequireOrSkip(t, what, err)
}

// places is how many tests run at once: much of its time a script waits for servers.
func places() int { return 8 * runtime.GOMAXPROCS(0) }

// letGateDecide lifts Go's own limit on how many tests run at once.
func letGateDecide() error { return flag.Set("test.parallel", "10000") }

// parallel makes a test run beside others, as soon as the gate lets it.
func parallel(t *testing.T, turn script.Turn) {
	t.Helper()
	t.Parallel()
	engine.Enter(t, turn)
}

// hearSignals makes programs end by the signals that scripts send, also in a
// test that was started to ignore them, as by nohup: ignored signals are
// inherited, handled ones are not.
func hearSignals() {
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGHUP} {
		if signal.Ignored(s) {
			signal.Notify(make(chan os.Signal, 1), s)
		}
	}
}

// runTests builds our programs once for all tests.
func runTests(tests *testing.M) (int, error) {
	if err := letGateDecide(); err != nil {
		return 0, err
	}
	r, err := refs.Open()
	if err != nil {
		return 0, err
	}
	dir, err := os.MkdirTemp("", "etcdkit-bin-*")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	ours, err := r.Ours(context.Background(), dir)
	if err != nil {
		return 0, err
	}
	*engine = script.Engine{Refs: r, Ours: ours, Update: *update, KeepGoing: *goOn, Gate: script.NewGate(places())}
	return tests.Run(), nil
}

// TestScript runs every script on our programs.
func TestScript(t *testing.T) {
	t.Parallel()
	for _, file := range scripts(t, "script") {
		t.Run(name(file), func(t *testing.T) {
			t.Parallel()
			engine.Script(t, file)
		})
	}
}

// TestEtcd34 runs the main job against a server of 3.4, the oldest that is supported.
func TestEtcd34(t *testing.T) {
	t.Parallel()
	_, err := engine.Refs.Etcd34(t.Context())
	requireOrSkip(t, need.Etcd34, err)
	engine.Script(t, "testdata/etcd34/smoke.txtar")
}

// TestDiff runs every differential script on our programs and on the reference of each release, on the clusters
// that it says and on secure ones.
func TestDiff(t *testing.T) {
	t.Parallel()
	for _, file := range scripts(t, "diff") {
		runs, err := engine.Runs(file)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(name(file), func(t *testing.T) {
			t.Parallel()
			for _, run := range runs {
				t.Run(run.String(), func(t *testing.T) {
					t.Parallel()
					engine.Diff(t, file, run)
				})
			}
		})
	}
}

// scripts returns the scripts of a directory.
func scripts(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", dir, "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatalf("no scripts in testdata/%s", dir)
	}
	return files
}

func name(file string) string { return strings.TrimSuffix(filepath.Base(file), ".txtar") }
