package view

import (
	"iter"

	"go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/printer"
)

// Child is a key directly below a prefix, or the part that several of them
// share.
type Child struct {
	Name string
	Dir  bool
}

// kind is the kind of the child.
func (c Child) kind() string {
	if c.Dir {
		return "prefix"
	}
	return "key"
}

func (c Child) record() record {
	return record{
		{field: "Name", member: "name", v: []byte(c.Name)},
		{field: "Prefix", member: "prefix", v: c.Dir},
	}
}

// Children are the children of a prefix. Every format but the table prints one
// before it asks for the next. An error ends them.
type Children struct {
	Header   *etcdserverpb.ResponseHeader
	Children iter.Seq2[Child, error]
}

// each calls f for every child, and reports whether it was called for all.
func (c Children) each(t *printer.Text, f func(Child)) bool {
	return through(t, c.Children, f)
}

// Simple prints a line for each.
func (c Children) Simple(t *printer.Text) {
	c.each(t, func(child Child) {
		t.Name([]byte(child.Name))
		t.Byte('\n')
	})
}

// Fields lists header and children.
func (c Children) Fields(t *printer.Text) {
	headerFields(t, c.Header)
	c.each(t, func(child Child) {
		child.record().fields(t)
	})
}

// JSON prints header and children.
func (c Children) JSON(t *printer.Text) {
	o := t.Object()
	headerJSON(t, o, c.Header)
	o.Key("children")
	a := t.Array()
	whole := c.each(t, func(child Child) {
		a.Next()
		child.record().json(t)
	})
	if whole {
		a.End()
		o.End()
	}
}

// Objects prints the children.
func (c Children) Objects(l *printer.Lines) {
	c.each(l.Text, func(child Child) {
		child.record().json(l.Text)
		l.End()
	})
}

// Table shows the children.
func (c Children) Table(g *printer.Grid) {
	g.Header("Name", "Kind")
	through(g, c.Children, func(child Child) { g.Row(g.Data([]byte(child.Name)), child.kind()) })
}

// Protobuf writes a message of these definitions, in which etcd has only
// ResponseHeader:
//
//	message Children { ResponseHeader header = 1; repeated Child children = 2; }
//	message Child { bytes name = 1; bool prefix = 2; }
func (c Children) Protobuf(t *printer.Text) {
	t.Message(&etcdserverpb.RangeResponse{Header: c.Header})
	c.each(t, func(child Child) {
		t.Raw(string(appendString(nil, 2, string(child.record().message()))))
	})
}
