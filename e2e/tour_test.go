package e2e

import (
	"testing"

	"etcdkit/e2e/script"
	"etcdkit/e2e/tour"
)

// TestTour runs the commands of the tutorials and compares the output with the
// pages; -update rewrites those.
func TestTour(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"tour", "tour-v2"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := tour.Page{File: "../docs/" + name + ".md", Refs: engine.Refs, Ours: engine.Ours, Update: *update}
			page.Enter = func(t *testing.T) { engine.Enter(t, script.TurnUsual) }
			page.Test(t)
		})
	}
}
