package view

import "etcdkit/printer"

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
