package view

import (
	"strconv"
	"strings"

	"etcdkit/printer"
)

// Named is a value of an Item. V is an int64, a Bytes, a bool, a string, a
// []string or a []byte.
type Named struct {
	Name string // in documents, in lower case with underscores
	V    any
}

// Bytes is a number of bytes, which tables for people show with a unit.
type Bytes int64

// Item is a result for which etcd has no message: a line for people, and the
// same as named values for programs. All items of one kind have the same names.
type Item struct {
	Line   string
	Values []Named
}

// Items are results of one kind, a member of a document.
type Items struct {
	Member string
	Names  []string // of the values, for a table without rows
	Wide   int      // how many of them a table for people shows; 0 is all
	All    []Item
}

// title is a name as the fields format has it: compact_revision is
// CompactRevision.
func title(name string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(name, "_") {
		b.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return b.String()
}

func (i Item) record() record {
	var r record
	for _, one := range i.Values {
		v := one.V
		switch x := v.(type) {
		case Bytes:
			v = int64(x)
		case []string:
			v = strings.Join(x, ", ")
		}
		r = append(r, value{field: title(one.Name), member: one.Name, v: v})
	}
	return r
}

// cells are the values for a table.
func (i Item) cells(g *printer.Grid) []string {
	var cells []string
	for _, one := range i.Values {
		switch v := one.V.(type) {
		case Bytes:
			if g.Exact() {
				cells = append(cells, exactly(int64(v)))
			} else {
				cells = append(cells, size(int64(v)))
			}
		case int64:
			cells = append(cells, exactly(v))
		case bool:
			cells = append(cells, strconv.FormatBool(v))
		case []string:
			cells = append(cells, strings.Join(v, ", "))
		case string:
			cells = append(cells, v)
		case []byte:
			cells = append(cells, string(v))
		}
	}
	return cells
}

// Names are the names of the values.
func (i Item) Names() []string {
	var names []string
	for _, one := range i.Values {
		names = append(names, one.Name)
	}
	return names
}

// Simple prints the line.
func (i Item) Simple(t *printer.Text) { t.Line(i.Line) }

// Fields lists the values.
func (i Item) Fields(t *printer.Text) { i.record().fields(t) }

// JSON prints an object of the values.
func (i Item) JSON(t *printer.Text) { itemJSON(t, i) }

func itemJSON(t *printer.Text, i Item) {
	o := t.Object()
	o.Keep()
	itemMembers(t, o, i.Values)
	o.End()
}

// itemMembers adds values to an object.
func itemMembers(t *printer.Text, o *printer.Object, values []Named) {
	for _, one := range values {
		if list, ok := one.V.([]string); ok {
			o.Strings(one.Name, list)
			continue
		}
		Item{Values: []Named{one}}.record().members(t, o)
	}
}

// Table shows the values in a row.
func (i Item) Table(g *printer.Grid) { Items{Names: i.Names(), All: []Item{i}}.Table(g) }

// Protobuf writes a message whose fields are the values, in the order of the
// document, of which etcd has none.
func (i Item) Protobuf(t *printer.Text) { t.Raw(string(i.record().message())) }

// Simple prints the lines.
func (l Items) Simple(t *printer.Text) {
	for _, i := range l.All {
		i.Simple(t)
	}
}

// Fields lists the values of each item.
func (l Items) Fields(t *printer.Text) {
	for _, i := range l.All {
		i.Fields(t)
	}
}

// JSON prints an object whose only member is the list.
func (l Items) JSON(t *printer.Text) {
	o := t.Object()
	o.Key(l.Member)
	a := t.Array()
	for _, i := range l.All {
		a.Next()
		itemJSON(t, i)
	}
	a.End()
	o.End()
}

// Objects prints the items.
func (l Items) Objects(lines *printer.Lines) { each(lines, l.All, itemJSON) }

// Table shows a row for each item.
func (l Items) Table(g *printer.Grid) {
	wide := len(l.Names)
	if l.Wide > 0 && !g.Exact() {
		wide = l.Wide
	}
	header := make([]string, wide)
	for i, name := range l.Names[:wide] {
		header[i] = name
		if !g.Exact() {
			header[i] = strings.ReplaceAll(name, "_", " ")
		}
	}
	g.Header(header...)
	for _, i := range l.All {
		g.Row(i.cells(g)[:wide]...)
	}
}

// Protobuf writes a message whose field 1 repeats the messages of the items.
func (l Items) Protobuf(t *printer.Text) {
	for _, i := range l.All {
		t.Raw(string(appendString(nil, 1, string(i.record().message()))))
	}
}
