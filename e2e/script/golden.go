package script

import (
	"fmt"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/rogpeppe/go-internal/testscript"
)

// cmdGolden: golden FILE compares all that ran since the last golden, or since the script began, with a file of the
// script: command line, whole stdout, whole stderr and exit code of each program, masked.
func cmdGolden(ts *testscript.TestScript, st *state, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: golden FILE")
	}
	if st.side.reference || len(st.tr.Entries) == st.asserted {
		ts.Fatalf("golden has nothing to compare")
	}
	got := st.tr.shown(st.asserted, st.masks.values)
	st.asserted = len(st.tr.Entries)
	want := ts.ReadFile(args[0])
	if got == want {
		return
	}
	if st.eng.Update {
		st.updates[args[0]] = got
		return
	}
	ts.Fatalf("the programs did something else than before\n%s", diff.Diff(args[0], []byte(want), "now", []byte(got)))
}

// shown lays out the entries from one on as goldens have them: a command that succeeds shows no exit code, and stderr
// is marked.
func (tr *Transcript) shown(from int, values []value) string {
	var out strings.Builder
	for _, e := range tr.Entries[from:] {
		m := e.masks
		m.values = values
		fmt.Fprintf(&out, "$ %s\n", m.apply(e.Line, ""))
		writeBlock(&out, "", m.apply(e.Stdout, e.format))
		writeBlock(&out, "[stderr] ", m.apply(e.stderr, ""))
		if e.Exit != 0 {
			fmt.Fprintf(&out, "[exit %d]\n", e.Exit)
		}
	}
	return out.String()
}
