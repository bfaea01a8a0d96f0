package view

import (
	"go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/printer"
)

// Downgrade is the result of a downgrade validate, enable or cancel.
type Downgrade struct {
	Action string // the subcommand
	*etcdserverpb.DowngradeResponse
}

// Simple prints one line.
func (d Downgrade) Simple(t *printer.Text) {
	t.Line("Downgrade " + d.Action + " success, cluster version " + d.GetVersion())
}

// Fields lists header and version.
func (d Downgrade) Fields(t *printer.Text) {
	headerFields(t, d.GetHeader())
	quotedField(t, "Version", []byte(d.GetVersion()))
}

// JSON prints the response.
func (d Downgrade) JSON(t *printer.Text) {
	o := t.Object()
	headerJSON(t, o, d.GetHeader())
	o.String("version", d.GetVersion())
	o.End()
}

// Table shows what was done and the version of the cluster.
func (d Downgrade) Table(g *printer.Grid) {
	g.Header("Action", "Cluster Version")
	g.Row(d.Action, d.GetVersion())
}

// Protobuf writes the response.
func (d Downgrade) Protobuf(t *printer.Text) { t.Message(d.DowngradeResponse) }
