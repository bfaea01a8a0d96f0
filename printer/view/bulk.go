package view

import (
	"strconv"

	"etcdkit/printer"
)

// Import counts the pairs of a bulk write. Read is the sum of the others but
// Present.
type Import struct {
	Read, Written, Skipped, Failed, Broken, Left int64
	Present                                      int64 // dry run: of Written, the keys that already exist
	DryRun                                       bool
}

// count is one of the numbers with its name.
type count struct {
	name string
	n    int64
}

// parts are the counts that add up to Read.
func (i Import) parts() []count {
	return []count{{"written", i.Written}, {"skipped", i.Skipped}, {"failed", i.Failed}, {"broken", i.Broken}, {"left", i.Left}}
}

// Simple prints a line of the numbers; of the parts, only written is printed if
// it is 0.
func (i Import) Simple(t *printer.Text) {
	t.Printf("%d read: ", i.Read)
	for n, part := range i.parts() {
		switch {
		case n == 0 && i.DryRun:
			t.Printf("%d to be written, %d of them to keys that exist", part.n, i.Present)
		case n == 0:
			t.Printf("%d written", part.n)
		case part.n > 0:
			t.Printf(", %d %s", part.n, part.name)
		}
	}
	t.Byte('\n')
}

// record is everything but whether it was a dry run.
func (i Import) record() record {
	return record{
		{field: "Read", member: "read", v: i.Read, keep: true},
		{field: "Written", member: "written", v: i.Written, keep: true},
		{field: "Skipped", member: "skipped", v: i.Skipped, keep: true},
		{field: "Failed", member: "failed", v: i.Failed, keep: true},
		{field: "Broken", member: "broken", v: i.Broken, keep: true},
		{field: "Left", member: "left", v: i.Left, keep: true},
		{field: "Present", member: "present", v: i.Present},
	}
}

// Fields lists all numbers.
func (i Import) Fields(t *printer.Text) {
	boolField(t, "DryRun", i.DryRun)
	i.record().fields(t)
}

// JSON prints an object of all numbers.
func (i Import) JSON(t *printer.Text) {
	o := t.Object()
	o.Bool("dry_run", i.DryRun)
	i.record().members(t, o)
	o.End()
}

// Table shows all numbers.
func (i Import) Table(g *printer.Grid) {
	header, row := []string{"Read"}, []string{strconv.FormatInt(i.Read, 10)}
	for _, part := range i.parts() {
		header, row = append(header, part.name), append(row, strconv.FormatInt(part.n, 10))
	}
	g.Header(header...)
	g.Row(row...)
}

// Protobuf writes a message of this definition, of which etcd has none:
//
//	message Import { int64 read = 1; int64 written = 2; int64 skipped = 3; int64 failed = 4; int64 broken = 5; int64 left = 6; int64 present = 7; }
func (i Import) Protobuf(t *printer.Text) { t.Raw(string(i.record().message())) }
