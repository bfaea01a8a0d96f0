package doctor

import (
	"cmp"
	"slices"
	"strings"
)

// Severity is how bad a finding is.
type Severity int

// The severities, the worst last.
const (
	Warning Severity = iota + 1 // it will become a problem, or makes one worse
	Error                       // the cluster is not safe, or does not work, now
)

// String returns "warning" or "error".
func (s Severity) String() string {
	if s == Error {
		return "error"
	}
	return "warning"
}

// Finding is one thing that is wrong.
type Finding struct {
	Check    string   // the name of the check
	Severity Severity // how bad it is
	Members  []string // the names of the members it is about; none for the whole cluster
	Evidence string   // what was seen, with numbers
	Command  string   // the next command to type
}

// Check looks for one kind of problem.
type Check struct {
	Name     string
	Severity Severity // of its worst finding
	Summary  string   // what it looks for
	Meaning  string   // what a finding means, in a sentence or two
	Needs    Need     // what the picture must have for a complete answer
	Find     func(*Picture) []Finding
}

// Report is the result of an examination.
type Report struct {
	Findings  []Finding // the worst first
	Unchecked []Gap
	Checks    int // how many checks ran
}

// Gap is something that could not be looked at, and the checks that it leaves
// incomplete.
type Gap struct {
	What, Why string
	Checks    []string
}

// Worst returns the highest severity among the findings, 0 if there are none.
func (r Report) Worst() Severity {
	worst := Severity(0)
	for _, f := range r.Findings {
		worst = max(worst, f.Severity)
	}
	return worst
}

// Count returns the number of findings of a severity.
func (r Report) Count(s Severity) int {
	n := 0
	for _, f := range r.Findings {
		if f.Severity == s {
			n++
		}
	}
	return n
}

// Examine runs the checks on a picture. The findings are sorted by severity,
// then in the order of the checks.
func Examine(p *Picture, checks []Check) Report {
	r := Report{Checks: len(checks)}
	for _, c := range checks {
		for _, f := range c.Find(p) {
			f.Check, f.Severity = c.Name, cmp.Or(f.Severity, c.Severity)
			r.Findings = append(r.Findings, f)
		}
	}
	slices.SortStableFunc(r.Findings, func(a, b Finding) int { return cmp.Compare(b.Severity, a.Severity) })
	for _, m := range p.Missing {
		g := Gap{What: m.What, Why: m.Why}
		for _, c := range checks {
			if c.Needs&m.Need != 0 {
				g.Checks = append(g.Checks, c.Name)
			}
		}
		if len(g.Checks) > 0 {
			r.Unchecked = append(r.Unchecked, g)
		}
	}
	return r
}

// Select returns the checks named in only, or all if it is empty, without those
// named in skip. A name that ends in * stands for all that begin like it.
// unknown is the first name that no check has, or "".
func Select(all []Check, only, skip []string) (some []Check, unknown string) {
	for _, name := range slices.Concat(only, skip) {
		if !slices.ContainsFunc(all, func(c Check) bool { return matches(c, name) }) {
			return nil, name
		}
	}
	for _, c := range all {
		named := func(name string) bool { return matches(c, name) }
		if (len(only) == 0 || slices.ContainsFunc(only, named)) && !slices.ContainsFunc(skip, named) {
			some = append(some, c)
		}
	}
	return some, ""
}

func matches(c Check, name string) bool {
	if prefix, is := strings.CutSuffix(name, "*"); is {
		return strings.HasPrefix(c.Name, prefix)
	}
	return c.Name == name
}
