package view

import "testing"

func TestLine(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"fields", "json", "protobuf", "simple", "table"} {
		for _, hex := range []bool{false, true} {
			if got, want := printed(t, format, hex, Line(`saved at <"é">`)), "saved at <\"é\">\n"; got != want {
				t.Errorf("%s, hex %v: got %q, want %q", format, hex, got, want)
			}
		}
	}
}
