package view

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"etcdkit/printer"
)

// testHex checks that no id is a number with --hex.
func testHex(t *testing.T, v printer.View) {
	t.Helper()
	_, text := v.(printer.Document) // upstream's JSON is a line of text then
	for _, format := range []string{"json", "jsonl"} {
		if format == "json" && text {
			continue
		}
		for line := range strings.Lines(printedAs(t, format, printer.Options{Hex: true}, v)) {
			var document any
			if err := json.Unmarshal([]byte(line), &document); err != nil {
				t.Errorf("%s --hex: %v in %q", format, err, line)
			}
			for _, name := range numericIDs(document) {
				t.Errorf("%s --hex: %s is a number in %s", format, name, line)
			}
		}
	}
	for line := range strings.Lines(printedAs(t, "fields", printer.Options{Hex: true}, v)) {
		name, id, _ := strings.Cut(strings.TrimSpace(line), `" : `)
		if isID(strings.TrimPrefix(name, `"`)) && len(id) > 16 {
			t.Errorf("fields --hex: %q", line)
		}
	}
}

func isID(name string) bool {
	return slices.Contains([]string{
		"cluster_id", "member_id", "memberID", "ID", "id", "leader", "lease", "from", "to",
		"ClusterID", "MemberID", "Leader", "Lease", "PrevLease", "From", "To",
	}, name)
}

// numericIDs returns the names of ids that are numbers.
func numericIDs(v any) (names []string) {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			if _, number := member.(float64); number && isID(name) {
				names = append(names, name)
			}
			names = append(names, numericIDs(member)...)
		}
	case []any:
		for _, element := range v {
			names = append(names, numericIDs(element)...)
		}
	}
	return names
}
