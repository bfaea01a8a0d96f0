package view

import (
	"fmt"

	"etcdkit/printer"
)

// Line is a result that upstream prints as the same line whatever the format
// asked for, as it does for compaction and snapshot save.
type Line string

// Simple prints the line.
func (l Line) Simple(t *printer.Text) { t.Line(string(l)) }

// Fields prints the line.
func (l Line) Fields(t *printer.Text) { t.Line(string(l)) }

// JSON prints the line bare; the format ends it.
func (l Line) JSON(t *printer.Text) { t.Raw(string(l)) }

// Document prints an object with the line as its only member.
func (l Line) Document(t *printer.Text) {
	o := t.Object()
	o.String("message", string(l))
	o.End()
}

// Table shows the line by itself.
func (l Line) Table(g *printer.Grid) { g.Bare(string(l)) }

// Protobuf prints the line.
func (l Line) Protobuf(t *printer.Text) { t.Line(string(l)) }

// Fact is something that is known of a result. Its value is a string or an
// int64.
type Fact struct {
	Name  string
	Value any
}

// Facts is a result that upstream prints as the same line, or lines, in every
// format. The formats that upstream does not have print its fields instead.
type Facts struct {
	Line
	Known []Fact
}

// Document prints an object with a member for each fact.
func (f Facts) Document(t *printer.Text) {
	o := t.Object()
	for _, one := range f.Known {
		if n, ok := one.Value.(int64); ok {
			o.Int(one.Name, n)
		} else {
			o.String(one.Name, fmt.Sprint(one.Value))
		}
	}
	o.End()
}

// Table shows the line by itself, or as csv a column for each fact.
func (f Facts) Table(g *printer.Grid) {
	if !g.Exact() {
		f.Line.Table(g)
		return
	}
	var names, cells []string
	for _, one := range f.Known {
		names, cells = append(names, one.Name), append(cells, fmt.Sprint(one.Value))
	}
	g.Header(names...)
	g.Row(cells...)
}
