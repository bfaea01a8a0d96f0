package script

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/rogpeppe/go-internal/txtar"
)

// Run is one of the runs of a differential script: on the reference of a release line and on its servers.
type Run struct {
	Line   string
	Secure bool // its clusters are secure ones, see secureOptions
}

// String is the run's name in tests and in the matrix.
func (r Run) String() string {
	if r.Secure {
		return r.Line + secureSuffix
	}
	return r.Line
}

// Runs returns the runs of a differential script: one for each release line, and another one on secure clusters of each
// unless the script can't.
func (e *Engine) Runs(file string) ([]Run, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	comment := txtar.Parse(text).Comment
	lines, err := e.releases(file, comment)
	if err != nil {
		return nil, err
	}
	secure := canBeSecure(comment)
	var runs []Run
	for _, line := range lines {
		runs = append(runs, Run{Line: line})
		if secure {
			runs = append(runs, Run{Line: line, Secure: true})
		}
	}
	return runs, nil
}

// releases returns the release lines that a differential script runs on, of those there are: the ones that its line
// "releases LINE..." names, or all; for a v2 script the last that has v2.
func (e *Engine) releases(file string, comment []byte) ([]string, error) {
	all, err := e.Refs.Lines()
	if err != nil {
		return nil, err
	}
	if saysV2(comment) {
		return []string{v2Line}, nil
	}
	m := regexp.MustCompile(`(?m)^releases[ \t]+(.+)$`).FindSubmatch(comment)
	if m == nil {
		return all, nil
	}
	chosen := strings.Fields(string(m[1]))
	for _, line := range chosen {
		if !slices.Contains(all, line) {
			return nil, fmt.Errorf("%s: releases names %s, there are %v", file, line, all)
		}
	}
	return chosen, nil
}

// cmdLong: long makes a script start before others. It is read before the
// script runs.
func cmdLong(ts *testscript.TestScript, _ *state, args []string) {
	if len(args) != 0 {
		ts.Fatalf("usage: long")
	}
}

// cmdReleases: releases LINE... names the releases that a differential script
// runs on. It is read before the script runs.
func cmdReleases(ts *testscript.TestScript, st *state, args []string) {
	if len(args) == 0 {
		ts.Fatalf("usage: releases LINE...")
	}
	if !st.side.diff {
		ts.Fatalf("only a differential script runs on several releases")
	}
}

// condition decides [ref:LINE], the reference's release line, [ref:LINE+], that one or a later, and [secure], a run on
// secure clusters.
func (st *state) condition(cond string) (bool, error) {
	if cond == "secure" {
		return st.side.secure, nil
	}
	line, ok := strings.CutPrefix(cond, "ref:")
	if !ok {
		return false, fmt.Errorf("no condition [%s]", cond)
	}
	line, later := strings.CutSuffix(line, "+")
	all, err := st.eng.Refs.Lines()
	if err != nil {
		return false, err
	}
	want, is := slices.Index(all, line), slices.Index(all, st.line)
	if want < 0 {
		return false, fmt.Errorf("no release %q in the condition [%s]", line, cond)
	}
	return is == want || later && is > want, nil
}
