package docs_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"etcdkit/cluster/doctor"
)

// TestDoctor holds the table of docs/doctor.md against the checks.
func TestDoctor(t *testing.T) {
	t.Parallel()
	const path, mark = "doctor.md", "<!-- generated: go test ./docs -update -->\n"
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	prose, _, found := strings.Cut(string(page), mark)
	if !found {
		t.Fatalf("%s has no line %q", path, mark)
	}
	var want strings.Builder
	want.WriteString(prose + mark)
	for _, c := range slices.Concat(doctor.Checks(), doctor.UpgradeChecks()) {
		fmt.Fprintf(&want, "\n### %s\n\nLooks for %s. Severity at worst: %s.\n\n%s\n", c.Name, c.Summary, c.Severity, c.Meaning)
	}
	if *update {
		if err := os.WriteFile(path, []byte(want.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want.String() != string(page) {
		t.Errorf("%s is stale; go test ./docs -update writes it anew", path)
	}
}
