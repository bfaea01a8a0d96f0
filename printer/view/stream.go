package view

import (
	"iter"

	"etcdkit/printer"
)

// Stream is results of one kind, of any number. Every format but the table
// prints an item before it asks for the next. An error ends the sequence.
type Stream struct {
	Member string
	Names  []string // of the values, for a table without rows
	All    iter.Seq2[Item, error]
}

// Simple prints the lines.
func (s Stream) Simple(t *printer.Text) { through(t, s.All, func(i Item) { i.Simple(t) }) }

// Fields lists the values of each item.
func (s Stream) Fields(t *printer.Text) { through(t, s.All, func(i Item) { i.Fields(t) }) }

// JSON prints an object whose only member is the list.
func (s Stream) JSON(t *printer.Text) {
	o := t.Object()
	o.Key(s.Member)
	a := t.Array()
	through(t, s.All, func(i Item) {
		a.Next()
		itemJSON(t, i)
	})
	a.End()
	o.End()
}

// Objects prints the items.
func (s Stream) Objects(lines *printer.Lines) {
	through(lines.Text, s.All, func(i Item) {
		itemJSON(lines.Text, i)
		lines.End()
	})
}

// Table shows a row for each item.
func (s Stream) Table(g *printer.Grid) {
	Items{Names: s.Names}.Table(g)
	through(g, s.All, func(i Item) { g.Row(i.cells(g)...) })
}

// Protobuf writes a message whose field 1 repeats the messages of the items.
func (s Stream) Protobuf(t *printer.Text) {
	through(t, s.All, func(i Item) { Items{All: []Item{i}}.Protobuf(t) })
}
