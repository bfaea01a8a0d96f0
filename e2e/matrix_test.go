package e2e

import (
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/diff"

	"etcdkit/e2e/script"
)

const (
	matrixPage = "../docs/compat-matrix.md"
	deviations = "../docs/compat.md"
)

// TestMatrix compares the page of the compatibility matrix with the
// differential scripts: every command has to be compared in every format with
// every release, and every deviation needs its row.
func TestMatrix(t *testing.T) {
	t.Parallel()
	files := scripts(t, "diff")
	rows, err := script.ReadDeviations(deviations)
	if err != nil {
		t.Fatal(err)
	}
	unknown, err := rows.Unknown(files)
	if err != nil {
		t.Fatal(err)
	}
	if len(unknown) > 0 {
		t.Errorf("%s has no rows\n%s", deviations, strings.Join(unknown, "\n"))
	}
	m, err := engine.ReadMatrix(files, commandsIn(t, engine.Ours), rows)
	if err != nil {
		t.Fatal(err)
	}
	want, missing := m.Page(commandsOfReleases(t))
	if len(missing) > 0 {
		t.Errorf("there is still missing:\n%s", strings.Join(missing, "\n"))
	}
	if *update {
		if err := os.WriteFile(matrixPage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
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

func commandsOfReleases(t *testing.T) map[string][]script.Command {
	t.Helper()
	lines, err := engine.Refs.Lines()
	if err != nil {
		t.Fatal(err)
	}
	has := make(map[string][]script.Command)
	for _, line := range lines {
		dir, err := engine.Refs.Build(t.Context(), line)
		if err != nil {
			t.Fatal(err)
		}
		has[line] = commandsIn(t, dir)
	}
	return has
}

func commandsIn(t *testing.T, dir string) []script.Command {
	t.Helper()
	commands, err := script.Commands(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return commands
}
