package docs_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestCompatIDs checks that every row of compat.md has an id of its own, which scripts refer to.
func TestCompatIDs(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("compat.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for line := range strings.Lines(string(text)) {
		cell, ok := strings.CutPrefix(line, "| ")
		id, _, _ := strings.Cut(cell, " |")
		switch {
		case !ok || id == "id" || strings.HasPrefix(id, "---"):
		case !regexp.MustCompile(`^C-\d{3}$`).MatchString(id):
			t.Errorf("a row begins with %q, which is no id like C-017", id)
		case seen[id]:
			t.Errorf("two rows have the id %s: give the newer one the next free id, also in its scripts", id)
		}
		seen[id] = true
	}
}
