package view

import (
	"fmt"
	"iter"
	"strconv"
	"strings"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"etcdkit/printer"
)

// Difference is a key that two keyspaces do not have with the same value.
type Difference struct {
	Kind     string           // added, removed or changed
	Key      []byte           // on the new side if that has it
	Old, New *mvccpb.KeyValue // nil on a side that does not have it
	Patch    string           // lines that show how the values differ; "" if not asked for
}

// mark is the sign of a kind of difference.
func (d Difference) mark() byte {
	return map[string]byte{"added": '+', "removed": '-', "changed": '~'}[d.Kind]
}

func (d Difference) simple(t *printer.Text) {
	t.Byte(d.mark())
	t.Byte(' ')
	t.Name(d.Key)
	t.Byte('\n')
	for line := range strings.Lines(d.Patch) {
		t.Raw("    " + line)
	}
}

func (d Difference) fields(t *printer.Text) {
	quotedField(t, "Kind", []byte(d.Kind))
	quotedField(t, "Key", d.Key)
	if d.Old != nil {
		kvFields(t, "Old", d.Old)
	}
	if d.New != nil {
		kvFields(t, "New", d.New)
	}
}

func (v values) difference(t *printer.Text, d Difference) {
	o := t.Object()
	o.String("kind", d.Kind)
	o.Bytes("key", d.Key)
	v.member(t, o, "old", d.Old)
	v.member(t, o, "new", d.New)
	if d.Patch != "" {
		o.String("patch", d.Patch)
	}
	o.End()
}

// cells are the values for a table.
func (d Difference) cells(g *printer.Grid) []string {
	rev := func(kv *mvccpb.KeyValue) (rev, size string) {
		if kv == nil {
			return "", ""
		}
		return strconv.FormatInt(kv.GetModRevision(), 10), strconv.Itoa(len(kv.GetValue()))
	}
	oldRev, oldSize := rev(d.Old)
	newRev, newSize := rev(d.New)
	return []string{d.Kind, g.Data(d.Key), oldRev, newRev, oldSize, newSize}
}

// Differences are those of two keyspaces. Every format but the table prints one
// before it asks for the next. An error ends them.
type Differences struct {
	All     iter.Seq2[Difference, error]
	Decoder Decoder // of values; may be nil
}

func (d Differences) each(t *printer.Text, f func(Difference)) bool {
	return through(t, d.All, f)
}

// Simple prints a line for each, and the lines that show how values differ.
func (d Differences) Simple(t *printer.Text) {
	d.each(t, func(one Difference) { one.simple(t) })
}

// Fields lists the differences.
func (d Differences) Fields(t *printer.Text) {
	d.each(t, func(one Difference) { one.fields(t) })
}

// JSON prints an object with the list.
func (d Differences) JSON(t *printer.Text) {
	o := t.Object()
	o.Key("differences")
	a := t.Array()
	whole := d.each(t, func(one Difference) {
		a.Next()
		values{d.Decoder}.difference(t, one)
	})
	if whole {
		a.End()
		o.End()
	}
}

// Objects prints the differences.
func (d Differences) Objects(l *printer.Lines) {
	d.each(l.Text, func(one Difference) {
		values{d.Decoder}.difference(l.Text, one)
		l.End()
	})
}

// Table shows a row for each, with revisions and sizes in bytes.
func (d Differences) Table(g *printer.Grid) {
	g.Header("Kind", "Key", "Old Mod Revision", "New Mod Revision", "Old Size", "New Size")
	through(g, d.All, func(one Difference) { g.Row(one.cells(g)...) })
}

// Protobuf writes a message of these definitions, in which etcd has only
// KeyValue:
//
//	message Differences { repeated Difference differences = 1; }
//	message Difference { string kind = 1; bytes key = 2; KeyValue old = 3; KeyValue new = 4; }
func (d Differences) Protobuf(t *printer.Text) {
	d.each(t, func(one Difference) {
		b := appendText(appendText(nil, 1, one.Kind), 2, string(one.Key))
		for i, kv := range []*mvccpb.KeyValue{one.Old, one.New} {
			if kv != nil {
				pair, err := proto.Marshal(kv)
				if err != nil {
					t.Fail(err)
				}
				b = appendString(b, protowire.Number(3+i), string(pair))
			}
		}
		t.Raw(string(appendString(nil, 1, string(b))))
	})
}

// DifferenceCounts says how many differences of each kind there are.
type DifferenceCounts struct{ Added, Removed, Changed int64 }

// Simple prints a line.
func (c DifferenceCounts) Simple(t *printer.Text) {
	t.Line(fmt.Sprintf("%d added, %d removed, %d changed", c.Added, c.Removed, c.Changed))
}

func (c DifferenceCounts) record() record {
	return record{
		{field: "Added", member: "added", v: c.Added, keep: true},
		{field: "Removed", member: "removed", v: c.Removed, keep: true},
		{field: "Changed", member: "changed", v: c.Changed, keep: true},
	}
}

// Fields lists the counts.
func (c DifferenceCounts) Fields(t *printer.Text) { c.record().fields(t) }

// JSON prints an object.
func (c DifferenceCounts) JSON(t *printer.Text) { c.record().json(t) }

// Table shows a row.
func (c DifferenceCounts) Table(g *printer.Grid) {
	g.Header("Added", "Removed", "Changed")
	g.Row(exactly(c.Added), exactly(c.Removed), exactly(c.Changed))
}

// Protobuf writes a message of this definition, of which etcd has none:
//
//	message DifferenceCounts { int64 added = 1; int64 removed = 2; int64 changed = 3; }
func (c DifferenceCounts) Protobuf(t *printer.Text) { t.Raw(string(c.record().message())) }
