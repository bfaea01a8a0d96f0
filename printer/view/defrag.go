package view

import (
	"time"

	"etcdkit/printer"
)

// Defrag is a defragmentation of one endpoint that is done. It is the same line
// in every format that upstream has.
type Defrag struct {
	Endpoint string
	Took     time.Duration
}

// line is the line of a release: 3.5 does not say how long it took.
func (d Defrag) line(r *printer.Release) string {
	line := "Finished defragmenting etcd member[" + d.Endpoint + "]"
	if !r.DefragTook {
		return line
	}
	return line + ". took " + d.Took.String()
}

// Simple prints the line.
func (d Defrag) Simple(t *printer.Text) { t.Line(d.line(t.Release)) }

// Fields prints the line.
func (d Defrag) Fields(t *printer.Text) { t.Line(d.line(t.Release)) }

// JSON prints the line bare; the format ends it.
func (d Defrag) JSON(t *printer.Text) { t.Raw(d.line(t.Release)) }

// Document prints the contents of the line.
func (d Defrag) Document(t *printer.Text) {
	o := t.Object()
	o.String("endpoint", d.Endpoint)
	o.String("took", d.Took.String())
	o.End()
}

// Table shows the line alone; as csv, its contents.
func (d Defrag) Table(g *printer.Grid) {
	if !g.Exact() {
		g.Bare(d.line(g.Release))
		return
	}
	g.Header("Endpoint", "Took")
	g.Row(d.Endpoint, d.Took.String())
}

// Protobuf prints the line.
func (d Defrag) Protobuf(t *printer.Text) { t.Line(d.line(t.Release)) }
