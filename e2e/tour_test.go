package e2e

import (
	"testing"

	"etcdkit/e2e/tour"
)

// TestTour runs the commands of docs/tour.md and compares what they print with the page; -update rewrites it.
func TestTour(t *testing.T) {
	t.Parallel()
	page := tour.Page{File: "../docs/tour.md", Refs: engine.Refs, Ours: engine.Ours, Update: *update}
	page.Test(t)
}
