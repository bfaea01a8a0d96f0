// Package e2e holds the end-to-end tests: scripts on our programs (testdata/script) and scripts that compare them with
// upstream's (testdata/diff). It runs binaries only; it must not import the root module.
package e2e

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"etcdkit/e2e/refs"
	"etcdkit/e2e/script"
)

var (
	update = flag.Bool("update", false, "rewrite the expectations of the scripts")
	goOn   = flag.Bool("keepgoing", false, "run a script to its end even when a line fails")
	engine = new(script.Engine) // filled by TestMain, then only read
)

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := runTests(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

// runTests builds our programs once for all tests.
func runTests(m *testing.M) (int, error) {
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
	*engine = script.Engine{Refs: r, Ours: ours, Update: *update, KeepGoing: *goOn}
	return m.Run(), nil
}

// TestScript runs every script on our programs.
func TestScript(t *testing.T) {
	t.Parallel()
	eachFile(t, "script", engine.Script)
}

// TestDiff runs every differential script on the reference and on our programs.
func TestDiff(t *testing.T) {
	t.Parallel()
	eachFile(t, "diff", engine.Diff)
}

func eachFile(t *testing.T, dir string, run func(*testing.T, string)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", dir, "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatalf("no scripts in testdata/%s", dir)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			run(t, file)
		})
	}
}
