package view

import (
	"strconv"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/protobuf/proto"

	"etcdkit/printer"
)

// Response is an answer of which only the header matters.
type Response interface {
	proto.Message
	GetHeader() *etcdserverpb.ResponseHeader
}

// Ack is the part that the results of all changes to users and roles have in
// common: the answer is nothing but a header. What was changed is known from
// the request.
type Ack struct{ Response }

// Fields lists the header.
func (a Ack) Fields(t *printer.Text) { headerFields(t, a.GetHeader()) }

// JSON prints the response.
func (a Ack) JSON(t *printer.Text) {
	o := t.Object()
	headerJSON(t, o, a.GetHeader())
	o.End()
}

// Protobuf writes the response.
func (a Ack) Protobuf(t *printer.Text) { t.Message(a.Response) }

// AuthStatus tells whether authentication is enabled.
type AuthStatus struct {
	*etcdserverpb.AuthStatusResponse
}

// Simple prints the status and the revision of users and roles.
func (s AuthStatus) Simple(t *printer.Text) {
	t.Printf("Authentication Status: %t\nAuthRevision: %d\n", s.GetEnabled(), s.GetAuthRevision())
}

// Fields lists header, status and revision.
func (s AuthStatus) Fields(t *printer.Text) {
	headerFields(t, s.GetHeader())
	boolField(t, "Enabled", s.GetEnabled())
	uintField(t, "AuthRevision", s.GetAuthRevision())
}

// JSON prints the response.
func (s AuthStatus) JSON(t *printer.Text) {
	o := t.Object()
	headerJSON(t, o, s.GetHeader())
	o.Bool("enabled", s.GetEnabled())
	o.Uint("authRevision", s.GetAuthRevision())
	o.End()
}

// Table shows status and revision.
func (s AuthStatus) Table(g *printer.Grid) {
	g.Header("Enabled", "Auth Revision")
	g.Row(strconv.FormatBool(s.GetEnabled()), strconv.FormatUint(s.GetAuthRevision(), 10))
}

// Protobuf writes the response.
func (s AuthStatus) Protobuf(t *printer.Text) { t.Message(s.AuthStatusResponse) }

// namesField lists strings in one line, each quoted.
func namesField(t *printer.Text, field string, names []string) {
	t.Printf("%q :", field)
	for _, name := range names {
		t.Byte(' ')
		t.Quoted([]byte(name))
	}
	t.Byte('\n')
}

// namesJSON prints a response that holds a list of names.
func namesJSON(t *printer.Text, h *etcdserverpb.ResponseHeader, member string, names []string) {
	o := t.Object()
	headerJSON(t, o, h)
	o.Strings(member, names)
	o.End()
}
