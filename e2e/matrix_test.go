package e2e

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/diff"

	"etcdkit/e2e/script"
)

const (
	matrixFile = "testdata/matrix.txt"
	matrixPage = "../docs/compat-matrix.md"
	deviations = "../docs/compat.md"
)

func openMatrix(ctx context.Context, ours string) (*script.Matrix, error) {
	commands, err := script.Commands(ctx, ours)
	if err != nil {
		return nil, err
	}
	rows, err := script.ReadDeviations(deviations)
	if err != nil {
		return nil, err
	}
	return script.OpenMatrix(matrixFile, commands, rows)
}

// TestMatrix holds the page of the compatibility matrix against what the differential scripts compare, which TestDiff
// in turn holds against what they do: every command has to be compared in every format with every release.
func TestMatrix(t *testing.T) {
	want, missing := page(t)
	rows, err := script.ReadDeviations(deviations)
	if err != nil {
		t.Fatal(err)
	}
	unknown, err := rows.Unknown(scripts(t, "diff"))
	if err != nil {
		t.Fatal(err)
	}
	if len(unknown) > 0 {
		t.Errorf("%s has no rows\n%s", deviations, strings.Join(unknown, "\n"))
	}
	if len(missing) > 0 {
		t.Errorf("there is still missing:\n%s", strings.Join(missing, "\n"))
	}
	if *update {
		writePage(t)
		return
	}
	have, err := os.ReadFile(matrixPage)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != want {
		t.Errorf("%s is stale: go test . -run TestMatrix -update\n%s", matrixPage, diff.Diff("now", have, "new", []byte(want)))
	}
}

func page(t *testing.T) (text string, missing []string) {
	t.Helper()
	lines, err := engine.Refs.Lines()
	if err != nil {
		t.Fatal(err)
	}
	has := make(map[string][]script.Command)
	for _, line := range lines {
		dir, err := engine.Refs.Build(context.Background(), line)
		if err != nil {
			t.Fatal(err)
		}
		if has[line], err = script.Commands(context.Background(), dir); err != nil {
			t.Fatal(err)
		}
	}
	return engine.Matrix.Page(has, compares)
}

func writePage(t *testing.T) {
	t.Helper()
	text, _ := page(t)
	if err := os.WriteFile(matrixPage, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// compares tells whether there is a differential script of that name that has such a run.
func compares(name, run string) bool {
	runs, err := engine.Runs(filepath.Join("testdata", "diff", name+".txtar"))
	return err == nil && slices.ContainsFunc(runs, func(r script.Run) bool { return r.String() == run })
}
