package view

import (
	"strconv"

	"etcdkit/printer"
)

// Export describes the contents of a file of pairs.
type Export struct {
	Path     string
	Pairs    int64
	Revision int64 // that they are of
}

// Simple prints a line.
func (e Export) Simple(t *printer.Text) {
	t.Printf("%d pairs of revision %d saved at %s\n", e.Pairs, e.Revision, e.Path)
}

func (e Export) record() record {
	return record{
		{field: "Path", member: "path", v: e.Path},
		{field: "Pairs", member: "pairs", v: e.Pairs, keep: true},
		{field: "Revision", member: "revision", v: e.Revision},
	}
}

// Fields lists all that is known.
func (e Export) Fields(t *printer.Text) { e.record().fields(t) }

// JSON prints an object.
func (e Export) JSON(t *printer.Text) { e.record().json(t) }

// Table shows a row.
func (e Export) Table(g *printer.Grid) {
	g.Header("Path", "Pairs", "Revision")
	g.Row(e.Path, strconv.FormatInt(e.Pairs, 10), strconv.FormatInt(e.Revision, 10))
}

// Protobuf writes a message of this definition, of which etcd has none:
//
//	message Export { string path = 1; int64 pairs = 2; int64 revision = 3; }
func (e Export) Protobuf(t *printer.Text) { t.Raw(string(e.record().message())) }
