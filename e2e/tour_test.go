package e2e

import (
	"path/filepath"
	"strings"
	"testing"

	"etcdkit/e2e/script"
	"etcdkit/e2e/tour"
)

// TestTour runs the commands of the tutorials and the runbooks and compares the output with the
// pages; -update rewrites those.
func TestTour(t *testing.T) {
	t.Parallel()
	pages := []string{"tour", "tour-v2"}
	runbooks, err := filepath.Glob("../docs/runbooks/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range runbooks {
		pages = append(pages, "runbooks/"+strings.TrimSuffix(filepath.Base(path), ".md"))
	}
	for _, name := range pages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := tour.Page{File: "../docs/" + name + ".md", Refs: engine.Refs, Ours: engine.Ours, Update: *update}
			page.Enter = func(t *testing.T) { engine.Enter(t, script.TurnUsual) }
			page.Test(t)
		})
	}
}
