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

// Message returns the response.
func (a Ack) Message() proto.Message { return a.Response }

// AuthStatus says whether authentication is enabled.
type AuthStatus struct {
	*etcdserverpb.AuthStatusResponse
}

// Message returns the response.
func (s AuthStatus) Message() proto.Message { return s.AuthStatusResponse }

// Simple prints the status and the revision of users and roles.
func (s AuthStatus) Simple(t *printer.Text) {
	t.Printf("Authentication Status: %t\nAuthRevision: %d\n", s.GetEnabled(), s.GetAuthRevision())
}

// Table shows status and revision.
func (s AuthStatus) Table(g *printer.Grid) {
	g.Header("Enabled", "Auth Revision")
	g.Row(strconv.FormatBool(s.GetEnabled()), strconv.FormatUint(s.GetAuthRevision(), 10))
}
