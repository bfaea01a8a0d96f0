package view

import (
	"strings"

	"etcdkit/printer"
)

// Check is a kind of problem that an examination looks for.
type Check struct{ Name, Severity, Summary, Meaning string }

func (c Check) record() record {
	return record{
		{field: "Check", member: "check", v: c.Name},
		{field: "Severity", member: "severity", v: c.Severity},
		{field: "Summary", member: "summary", v: c.Summary},
		{field: "Meaning", member: "meaning", v: c.Meaning},
	}
}

// CheckList is the list of all checks.
type CheckList []Check

// Simple prints a line for each.
func (all CheckList) Simple(t *printer.Text) {
	for _, c := range all {
		t.Printf("%-18s %-8s %s\n", c.Name, c.Severity, c.Summary)
	}
}

// Table shows a row for each.
func (all CheckList) Table(g *printer.Grid) {
	g.Header("check", "severity", "summary", "meaning")
	for _, c := range all {
		g.Row(c.Name, c.Severity, c.Summary, c.Meaning)
	}
}

// Fields lists all.
func (all CheckList) Fields(t *printer.Text) {
	for _, c := range all {
		c.record().fields(t)
		t.Byte('\n')
	}
}

// JSON prints an array.
func (all CheckList) JSON(t *printer.Text) {
	a := t.Array()
	for _, c := range all {
		a.Next()
		c.record().json(t)
	}
	a.End()
}

// Objects prints the checks.
func (all CheckList) Objects(l *printer.Lines) {
	each(l, all, func(t *printer.Text, c Check) { c.record().json(t) })
}

// Protobuf writes a message of these definitions, of which etcd has none:
//
//	message CheckList { repeated Check checks = 1; }
//	message Check { string name = 1; string severity = 2; string summary = 3; string meaning = 4; }
func (all CheckList) Protobuf(t *printer.Text) {
	for _, c := range all {
		t.Raw(string(appendString(nil, 1, string(c.record().message()))))
	}
}

// Step is a command to type, and the findings that it is for.
type Step struct {
	Command string
	For     []Finding
}

// Plan is the commands that the findings lead to, in the order in which to type
// them.
type Plan []Step

// Simple prints a script: the commands, each below the findings that it is for.
func (p Plan) Simple(t *printer.Text) {
	if len(p) == 0 {
		t.Line("# Nothing was found.")
		return
	}
	t.Line("# One step at a time; run etcdctl doctor again after each.")
	for _, s := range p {
		t.Byte('\n')
		for _, f := range s.For {
			paragraph(t, "# ", f.title()+": "+f.Evidence)
		}
		t.Line(s.Command)
	}
}

// title names the finding and its members.
func (f Finding) title() string {
	if len(f.Members) == 0 {
		return f.Check
	}
	return f.Check + " (" + strings.Join(f.Members, ", ") + ")"
}

// checks lists the findings of a step.
func (s Step) checks() []string {
	var all []string
	for _, f := range s.For {
		all = append(all, f.title())
	}
	return all
}

// Table shows a row for each step.
func (p Plan) Table(g *printer.Grid) {
	g.Header("command", "findings")
	for _, s := range p {
		g.Row(s.Command, strings.Join(s.checks(), ", "))
	}
}

// Fields lists the steps.
func (p Plan) Fields(t *printer.Text) {
	for _, s := range p {
		quotedField(t, "Command", []byte(s.Command))
		quotedField(t, "Findings", []byte(strings.Join(s.checks(), ", ")))
		t.Byte('\n')
	}
}

// JSON prints an array.
func (p Plan) JSON(t *printer.Text) {
	a := t.Array()
	for _, s := range p {
		a.Next()
		stepJSON(t, s)
	}
	a.End()
}

// Objects prints the steps.
func (p Plan) Objects(l *printer.Lines) { each(l, p, stepJSON) }

func stepJSON(t *printer.Text, s Step) {
	o := t.Object()
	o.String("command", s.Command)
	array(t, o, "findings", s.For, findingJSON)
	o.End()
}

// Protobuf writes a message of these definitions, of which etcd has none:
//
//	message Plan { repeated Step steps = 1; }
//	message Step { string command = 1; repeated string findings = 2; }
func (p Plan) Protobuf(t *printer.Text) {
	for _, s := range p {
		m := appendText(nil, 1, s.Command)
		for _, c := range s.checks() {
			m = appendString(m, 2, c)
		}
		t.Raw(string(appendString(nil, 1, string(m))))
	}
}
