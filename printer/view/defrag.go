package view

import (
	"time"

	"etcdkit/printer"
)

// Defrag is a defragmentation of one endpoint that is done. It is the same line
// in every format, as upstream has it.
type Defrag struct {
	Endpoint string
	Took     time.Duration
}

// line is the line of a release: 3.5 does not say how long it took.
func (d Defrag) line(r printer.Release) string {
	line := "Finished defragmenting etcd member[" + d.Endpoint + "]"
	if r.Before(printer.V36) {
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

// Table shows the line by itself.
func (d Defrag) Table(g *printer.Grid) { g.Bare(d.line(g.Release)) }

// Protobuf prints the line.
func (d Defrag) Protobuf(t *printer.Text) { t.Line(d.line(t.Release)) }
