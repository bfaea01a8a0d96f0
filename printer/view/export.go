package view

import (
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"

	"etcdkit/printer"
)

// Export says what a file of pairs holds.
type Export struct {
	Path     string
	Pairs    int64
	Revision int64 // that they are of
}

// Simple prints a line.
func (e Export) Simple(t *printer.Text) {
	t.Printf("%d pairs of revision %d saved at %s\n", e.Pairs, e.Revision, e.Path)
}

// Fields lists all that is known.
func (e Export) Fields(t *printer.Text) {
	quotedField(t, "Path", []byte(e.Path))
	intField(t, "Pairs", e.Pairs)
	intField(t, "Revision", e.Revision)
}

// JSON prints an object.
func (e Export) JSON(t *printer.Text) {
	o := t.Object()
	o.String("path", e.Path)
	intMember(t, o, "pairs", e.Pairs)
	o.Int("revision", e.Revision)
	o.End()
}

// Table shows a row.
func (e Export) Table(g *printer.Grid) {
	g.Header("Path", "Pairs", "Revision")
	g.Row(e.Path, strconv.FormatInt(e.Pairs, 10), strconv.FormatInt(e.Revision, 10))
}

// Protobuf writes a message of this definition, of which etcd has none:
//
//	message Export { string path = 1; int64 pairs = 2; int64 revision = 3; }
func (e Export) Protobuf(t *printer.Text) {
	b := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), e.Path)
	t.Raw(string(appendInts(b, 2, e.Pairs, e.Revision)))
}
