package view

import (
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/protobuf/proto"

	"etcdkit/printer"
)

// MoveLeader is the result of a move-leader. The response says nothing of the
// members.
type MoveLeader struct {
	From, To uint64 // the member that led and the one that leads now
	*etcdserverpb.MoveLeaderResponse
}

// Message returns the response, which is empty where the server gives it no
// header, as none up to 3.7 does.
func (m MoveLeader) Message() proto.Message { return m.MoveLeaderResponse }

// Request adds the members.
func (m MoveLeader) Request(o *printer.Object) {
	o.ID("from", m.From)
	o.ID("to", m.To)
}

// Simple prints one line.
func (m MoveLeader) Simple(t *printer.Text) {
	if m.From == m.To {
		t.Line(hexID(m.To) + " is the leader already")
		return
	}
	t.Line("Leadership transferred from " + hexID(m.From) + " to " + hexID(m.To))
}

// Fields lists the members.
func (m MoveLeader) Fields(t *printer.Text) {
	idField(t, "From", m.From)
	idField(t, "To", m.To)
}

// Table shows the members.
func (m MoveLeader) Table(g *printer.Grid) {
	g.Header("From", "To")
	g.Row(hexID(m.From), hexID(m.To))
}
