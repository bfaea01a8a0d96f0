package view

import (
	"iter"
	"strconv"
	"strings"

	"etcdkit/printer"
)

// Node is a key, or a prefix that several keys share, and its totals.
type Node struct {
	Name                  string
	Label                 string // the last part of the name
	Depth                 int    // below the prefix that was asked for, which is 0
	Dir                   bool
	Direct                bool  // the keys directly in the directory Name, together
	Keys, Bytes, Versions int64 // of a directory that is not summed up all 0
}

// note follows the name where people read it: the empty prefix, which all keys
// have, would not be seen.
func (n Node) note() string {
	switch {
	case n.Direct && n.Name == "":
		return "(direct keys)"
	case n.Direct:
		return " (direct keys)"
	case n.Name == "":
		return "(all keys)"
	}
	return ""
}

// cell returns the name and the note in a table. In a table for programs, the
// empty prefix has an empty name.
func (n Node) cell(g *printer.Grid) string {
	if g.Exact() && !n.Direct {
		return g.Data([]byte(n.Name))
	}
	return g.Data([]byte(n.Name)) + n.note()
}

func (n Node) record() record {
	r := record{
		{field: "Name", member: "name", v: []byte(n.Name)},
		{field: "Prefix", member: "prefix", v: n.Dir},
		{field: "Depth", member: "depth", v: int64(n.Depth)},
		{field: "Keys", member: "keys", v: n.Keys},
		{field: "Bytes", member: "bytes", v: n.Bytes},
		{field: "Versions", member: "versions", v: n.Versions},
	}
	if n.Direct {
		r = append(r, value{field: "Direct", member: "direct", v: true})
	}
	return r
}

// Usage is the totals of keys, by prefix. Every format but the table prints a
// node before it asks for the next. An error ends the sequence.
type Usage struct {
	Nodes    iter.Seq2[Node, error]
	Revision func() int64 // of the keys; called when the nodes have ended
	Human    bool         // sizes with units, in simple and in the table
	// Footer is a line for people below the nodes, asked for when they have
	// ended; nil, or "", is none.
	Footer func() string
}

// bytes returns a size as a cell.
func (u Usage) bytes(n Node) string {
	if u.Human {
		return size(n.Bytes)
	}
	return strconv.FormatInt(n.Bytes, 10)
}

// each calls f for every node, and reports whether it was called for all.
func (u Usage) each(t *printer.Text, f func(Node)) bool {
	return through(t, u.Nodes, f)
}

// Simple prints a line for each: bytes, keys, versions, name. On a terminal the
// columns have names, and the footer follows.
func (u Usage) Simple(t *printer.Text) {
	named := !t.Terminal
	whole := u.each(t, func(n Node) {
		if !named {
			t.Printf("%12s %9s %9s  %s\n", "BYTES", "KEYS", "VERSIONS", "NAME")
			named = true
		}
		t.Printf("%12s %9d %9d  ", u.bytes(n), n.Keys, n.Versions)
		t.Name([]byte(n.Name))
		t.Raw(n.note())
		t.Byte('\n')
	})
	if whole && t.Terminal && u.Footer != nil {
		if line := u.Footer(); line != "" {
			t.Line(line)
		}
	}
}

// Fields lists the nodes.
func (u Usage) Fields(t *printer.Text) {
	whole := u.each(t, func(n Node) {
		n.record().fields(t)
	})
	if whole {
		intField(t, "Revision", u.Revision())
	}
}

// JSON prints the nodes, then the revision.
func (u Usage) JSON(t *printer.Text) {
	o := t.Object()
	o.Key("nodes")
	a := t.Array()
	whole := u.each(t, func(n Node) {
		a.Next()
		n.record().json(t)
	})
	if whole {
		a.End()
		o.Int("revision", u.Revision())
		o.End()
	}
}

// Objects prints the nodes.
func (u Usage) Objects(l *printer.Lines) {
	u.each(l.Text, func(n Node) {
		n.record().json(l.Text)
		l.End()
	})
}

// Table shows the nodes.
func (u Usage) Table(g *printer.Grid) {
	g.Header("Bytes", "Keys", "Versions", "Name")
	through(g, u.Nodes, func(n Node) {
		bytes := u.bytes(n)
		if g.Exact() {
			bytes = strconv.FormatInt(n.Bytes, 10)
		}
		g.Row(bytes, strconv.FormatInt(n.Keys, 10), strconv.FormatInt(n.Versions, 10), n.cell(g))
	})
}

// Protobuf writes a message of these definitions, of which etcd has none:
//
//	message Usage { repeated Node nodes = 1; int64 revision = 2; }
//	message Node { bytes name = 1; bool prefix = 2; int64 depth = 3; int64 keys = 4; int64 bytes = 5; int64 versions = 6; bool direct = 7; }
func (u Usage) Protobuf(t *printer.Text) {
	whole := u.each(t, func(n Node) {
		t.Raw(string(appendString(nil, 1, string(n.record().message()))))
	})
	if whole {
		t.Raw(string(appendNumber(nil, 2, uint64(u.Revision()))))
	}
}

// Tree is Usage whose bytes are not known, indented by depth.
type Tree struct{ Usage }

// Simple prints a line for each, with the number of its keys where it was summed
// up.
func (u Tree) Simple(t *printer.Text) {
	u.each(t, func(n Node) {
		t.Raw(strings.Repeat("  ", n.Depth-1))
		t.Name([]byte(n.Label))
		if n.Dir && n.Keys > 0 {
			t.Printf(" (%d)", n.Keys)
		}
		t.Byte('\n')
	})
}

// Table shows the nodes, indented.
func (u Tree) Table(g *printer.Grid) {
	g.Header("Depth", "Name", "Keys")
	through(g, u.Nodes, func(n Node) {
		keys := ""
		if n.Keys > 0 {
			keys = strconv.FormatInt(n.Keys, 10)
		}
		g.Row(strconv.Itoa(n.Depth), g.Data([]byte(n.Name)), keys)
	})
}
