package view

import (
	"google.golang.org/protobuf/encoding/protowire"

	"etcdkit/printer"
)

// Parts is a result for which etcd has no message: lines for people, and for
// programs named values and lists.
type Parts struct {
	Lines []string
	Facts []Named
	Lists []Items
	Rows  int // which of the lists is the table
}

// Simple prints the lines.
func (p Parts) Simple(t *printer.Text) {
	for _, line := range p.Lines {
		t.Line(line)
	}
}

// Fields lists the values, then those of each list.
func (p Parts) Fields(t *printer.Text) {
	Item{Values: p.Facts}.Fields(t)
	for _, list := range p.Lists {
		for _, i := range list.All {
			t.Byte('\n')
			i.Fields(t)
		}
	}
}

// Table shows one of the lists.
func (p Parts) Table(g *printer.Grid) { p.Lists[p.Rows].Table(g) }

// JSON prints an object of the values and the lists.
func (p Parts) JSON(t *printer.Text) {
	o := t.Object()
	o.Keep()
	itemMembers(t, o, p.Facts)
	for _, list := range p.Lists {
		array(t, o, list.Member, list.All, itemJSON)
	}
	o.End()
}

// Protobuf writes a message whose first fields are the values, and whose further
// ones repeat the messages of the lists.
func (p Parts) Protobuf(t *printer.Text) {
	t.Raw(string(Item{Values: p.Facts}.record().message()))
	for n, list := range p.Lists {
		for _, i := range list.All {
			t.Raw(string(appendString(nil, protowire.Number(len(p.Facts)+n+1), string(i.record().message()))))
		}
	}
}
