package view

import (
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/protobuf/proto"

	"etcdkit/printer"
)

// Downgrade is the result of a downgrade validate, enable or cancel.
type Downgrade struct {
	Action string // the subcommand
	*etcdserverpb.DowngradeResponse
}

// Message returns the response.
func (d Downgrade) Message() proto.Message { return d.DowngradeResponse }

// Simple prints one line.
func (d Downgrade) Simple(t *printer.Text) {
	t.Line("Downgrade " + d.Action + " success, cluster version " + d.GetVersion())
}

// Table shows the action and the version of the cluster.
func (d Downgrade) Table(g *printer.Grid) {
	g.Header("Action", "Cluster Version")
	g.Row(d.Action, d.GetVersion())
}
