package view

import (
	"strconv"
	"strings"

	"etcdkit/printer"
)

// Finding is one thing that is wrong with a cluster.
type Finding struct {
	Check    string
	Severity string
	Members  []string
	Evidence string
	Meaning  string
	Command  string // the next one to type
}

func (f Finding) record() record {
	return record{
		{field: "Check", member: "check", v: f.Check},
		{field: "Severity", member: "severity", v: f.Severity},
		{field: "Members", member: "", v: strings.Join(f.Members, ", "), some: true},
		{field: "Evidence", member: "evidence", v: f.Evidence},
		{field: "Meaning", member: "meaning", v: f.Meaning},
		{field: "Command", member: "command", v: f.Command},
	}
}

// Unchecked is something that could not be looked at, and the checks that are
// incomplete without it.
type Unchecked struct {
	What, Why string
	Checks    []string
}

// incomplete names the checks, if they are few.
func (u Unchecked) incomplete() string {
	if len(u.Checks) > 5 {
		return amount(len(u.Checks), "check")
	}
	return strings.Join(u.Checks, ", ")
}

// Diagnosis is the result of an examination of a cluster.
type Diagnosis struct {
	Findings         []Finding
	Unchecked        []Unchecked
	Members, Checks  int
	Errors, Warnings int
}

// width is how wide text for people is, in columns.
const width = 80

// Simple prints a paragraph for each finding, then what was not checked, then a
// line with the totals.
func (d Diagnosis) Simple(t *printer.Text) {
	for _, f := range d.Findings {
		title := f.Severity + ": " + f.Check
		if len(f.Members) > 0 {
			title += ": " + strings.Join(f.Members, ", ")
		}
		t.Line(title)
		paragraph(t, "  ", f.Evidence)
		paragraph(t, "  ", f.Meaning)
		t.Line("  $ " + f.Command)
		t.Byte('\n')
	}
	for _, u := range d.Unchecked {
		paragraph(t, "", "not checked: "+u.What+": "+u.Why+" ("+u.incomplete()+")")
	}
	if len(d.Unchecked) > 0 {
		t.Byte('\n')
	}
	t.Line(d.totals())
}

func (d Diagnosis) totals() string {
	of := amount(d.Checks, "check") + " of " + amount(d.Members, "member")
	if len(d.Findings) == 0 {
		return "nothing found: " + of
	}
	return amount(d.Errors, "error") + ", " + amount(d.Warnings, "warning") + ": " + of
}

func amount(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return strconv.Itoa(n) + " " + noun
}

// paragraph prints words in lines that are no wider than a usual terminal, if
// the words are not.
func paragraph(t *printer.Text, indent, text string) {
	column := 0
	for _, word := range strings.Fields(text) {
		switch {
		case column == 0:
			t.Raw(indent)
			column = len(indent)
		case column+1+len(word) > width:
			t.Raw("\n" + indent)
			column = len(indent)
		default:
			t.Byte(' ')
			column++
		}
		t.Raw(word)
		column += len(word)
	}
	t.Byte('\n')
}

// Table has a row for each finding, and one for each thing that was not checked.
func (d Diagnosis) Table(g *printer.Grid) {
	g.Header("severity", "check", "members", "evidence", "command")
	for _, f := range d.Findings {
		g.Row(f.Severity, f.Check, strings.Join(f.Members, ", "), f.Evidence, f.Command)
	}
	for _, u := range d.Unchecked {
		checks := u.incomplete()
		if g.Exact() {
			checks = strings.Join(u.Checks, ", ")
		}
		g.Row("not checked", checks, "", u.What+": "+u.Why, "")
	}
}

// Fields lists everything.
func (d Diagnosis) Fields(t *printer.Text) {
	for _, f := range d.Findings {
		f.record().fields(t)
		t.Byte('\n')
	}
	for _, u := range d.Unchecked {
		quotedField(t, "NotChecked", []byte(u.What))
		quotedField(t, "Why", []byte(u.Why))
		quotedField(t, "Checks", []byte(strings.Join(u.Checks, ", ")))
		t.Byte('\n')
	}
	for _, c := range d.counts() {
		intField(t, c.name, c.n)
	}
}

func (d Diagnosis) counts() []count {
	return []count{{"Errors", int64(d.Errors)}, {"Warnings", int64(d.Warnings)}, {"Members", int64(d.Members)}, {"Checks", int64(d.Checks)}}
}

// JSON prints an object with all findings.
func (d Diagnosis) JSON(t *printer.Text) {
	o := t.Object()
	o.Keep()
	array(t, o, "findings", d.Findings, findingJSON)
	array(t, o, "unchecked", d.Unchecked, uncheckedJSON)
	for _, c := range d.counts() {
		o.Int(strings.ToLower(c.name), c.n)
	}
	o.End()
}

// array is list for a member that is never omitted.
func array[T any](t *printer.Text, o *printer.Object, name string, all []T, element func(*printer.Text, T)) {
	o.Key(name)
	a := t.Array()
	for _, one := range all {
		a.Next()
		element(t, one)
	}
	a.End()
}

// Objects prints the findings.
func (d Diagnosis) Objects(l *printer.Lines) { each(l, d.Findings, findingJSON) }

func findingJSON(t *printer.Text, f Finding) {
	o := t.Object()
	o.Keep()
	o.String("check", f.Check)
	o.String("severity", f.Severity)
	o.Strings("members", f.Members)
	o.String("evidence", f.Evidence)
	o.String("meaning", f.Meaning)
	o.String("command", f.Command)
	o.End()
}

func uncheckedJSON(t *printer.Text, u Unchecked) {
	o := t.Object()
	o.Keep()
	o.String("what", u.What)
	o.String("why", u.Why)
	o.Strings("checks", u.Checks)
	o.End()
}

// Protobuf writes a message of these definitions, of which etcd has none:
//
//	message Diagnosis {
//	  repeated Finding findings = 1; repeated Unchecked unchecked = 2;
//	  int64 errors = 3; int64 warnings = 4; int64 members = 5; int64 checks = 6;
//	}
//	message Finding {
//	  string check = 1; string severity = 2; string members = 3; // separated by ", "
//	  string evidence = 4; string meaning = 5; string command = 6;
//	}
//	message Unchecked { string what = 1; string why = 2; repeated string checks = 3; }
func (d Diagnosis) Protobuf(t *printer.Text) {
	for _, f := range d.Findings {
		t.Raw(string(appendString(nil, 1, string(f.record().message()))))
	}
	for _, u := range d.Unchecked {
		m := appendText(appendText(nil, 1, u.What), 2, u.Why)
		for _, c := range u.Checks {
			m = appendString(m, 3, c)
		}
		t.Raw(string(appendString(nil, 2, string(m))))
	}
	b := appendNumber(appendNumber(nil, 3, uint64(d.Errors)), 4, uint64(d.Warnings))
	t.Raw(string(appendNumber(appendNumber(b, 5, uint64(d.Members)), 6, uint64(d.Checks))))
}
