package view

import (
	"go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/printer"
)

// MoveLeader is the result of a move-leader. The response says nothing of the
// members.
type MoveLeader struct {
	From, To uint64 // the member that led and the one that leads now
	*etcdserverpb.MoveLeaderResponse
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

// JSON prints the response, which is an empty object where the server gives it
// no header, as none up to 3.7 does.
func (m MoveLeader) JSON(t *printer.Text) {
	o := t.Object()
	headerJSON(t, o, m.GetHeader())
	if t.Whole() {
		o.Uint("from", m.From)
		o.Uint("to", m.To)
	}
	o.End()
}

// Table shows the members.
func (m MoveLeader) Table(g *printer.Grid) {
	g.Header("From", "To")
	g.Row(hexID(m.From), hexID(m.To))
}

// Protobuf writes the response.
func (m MoveLeader) Protobuf(t *printer.Text) { t.Message(m.MoveLeaderResponse) }
