package view

import (
	"strings"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/protobuf/proto"

	"etcdkit/printer"
)

// UserAdd is the result of a user add.
type UserAdd struct {
	Ack
	User string
}

// Simple prints who is new.
func (u UserAdd) Simple(t *printer.Text) { t.Line("User " + u.User + " created") }

// Table shows who is new.
func (u UserAdd) Table(g *printer.Grid) { userTable(g, u.User, "created") }

// UserDelete is the result of a user delete.
type UserDelete struct {
	Ack
	User string
}

// Simple prints who is gone.
func (u UserDelete) Simple(t *printer.Text) { t.Line("User " + u.User + " deleted") }

// Table shows who is gone.
func (u UserDelete) Table(g *printer.Grid) { userTable(g, u.User, "deleted") }

// UserPasswd is the result of a user passwd.
type UserPasswd struct {
	Ack
	User string
}

// Simple prints that the password is a new one.
func (u UserPasswd) Simple(t *printer.Text) { t.Line("Password updated") }

// Table shows whose password is a new one.
func (u UserPasswd) Table(g *printer.Grid) { userTable(g, u.User, "password updated") }

// UserGrantRole is the result of a user grant-role.
type UserGrantRole struct {
	Ack
	User, Role string
}

// Simple prints who has which role now.
func (u UserGrantRole) Simple(t *printer.Text) {
	t.Line("Role " + u.Role + " is granted to user " + u.User)
}

// Table shows who has which role now.
func (u UserGrantRole) Table(g *printer.Grid) { userRoleTable(g, u.User, u.Role, "granted") }

// UserRevokeRole is the result of a user revoke-role.
type UserRevokeRole struct {
	Ack
	User, Role string
}

// Simple prints who has which role no more.
func (u UserRevokeRole) Simple(t *printer.Text) {
	t.Line("Role " + u.Role + " is revoked from user " + u.User)
}

// Table shows who has which role no more.
func (u UserRevokeRole) Table(g *printer.Grid) { userRoleTable(g, u.User, u.Role, "revoked") }

func userTable(g *printer.Grid, user, status string) {
	g.Header("User", "Status")
	g.Row(user, status)
}

func userRoleTable(g *printer.Grid, user, role, status string) {
	g.Header("User", "Role", "Status")
	g.Row(user, role, status)
}

// UserGet is the roles of one user.
type UserGet struct {
	*etcdserverpb.AuthUserGetResponse
	User string
}

// Message returns the response.
func (u UserGet) Message() proto.Message { return u.AuthUserGetResponse }

// Request adds the user.
func (u UserGet) Request(o *printer.Object) { o.String("user", u.User) }

// Simple prints the user and the roles.
func (u UserGet) Simple(t *printer.Text) {
	t.Line("User: " + u.User)
	t.Raw("Roles:")
	for _, role := range u.GetRoles() {
		t.Raw(" " + role)
	}
	t.Byte('\n')
}

// Table shows the user and a line for each role; as csv, a row.
func (u UserGet) Table(g *printer.Grid) {
	g.Header("User", "Roles")
	if g.Exact() && len(u.GetRoles()) > 0 {
		for _, role := range u.GetRoles() {
			g.Row(u.User, role)
		}
		return
	}
	g.Row(u.User, strings.Join(u.GetRoles(), "\n"))
}

// UserDetail lists the permissions of a user: a user get with each role in
// detail.
//
// Upstream prints a line with the user's name and a blank line before each
// role, in every format; these bytes are kept, although they make neither valid
// JSON nor protobuf.
type UserDetail struct {
	User  string
	Roles []RoleGet
}

// Simple prints the roles.
func (u UserDetail) Simple(t *printer.Text) { u.print(t, RoleGet.Simple) }

// Fields lists the roles.
func (u UserDetail) Fields(t *printer.Text) { u.print(t, RoleGet.Fields) }

// Protobuf writes each role's response.
func (u UserDetail) Protobuf(t *printer.Text) {
	u.print(t, func(r RoleGet, t *printer.Text) { t.Message(r.Message()) })
}

func (u UserDetail) print(t *printer.Text, role func(RoleGet, *printer.Text)) {
	t.Line("User: " + u.User)
	for _, one := range u.Roles {
		t.Byte('\n')
		role(one, t)
	}
}

// JSON prints a document for each role; the format ends the last line.
func (u UserDetail) JSON(t *printer.Text) {
	t.Raw("User: " + u.User)
	for _, one := range u.Roles {
		t.Raw("\n\n")
		t.JSON(one)
	}
}

// Document prints the user with the roles as members.
func (u UserDetail) Document(t *printer.Text) {
	o := t.Object()
	o.String("user", u.User)
	list(t, o, "roles", u.Roles, func(t *printer.Text, one RoleGet) { t.JSON(one) })
	o.End()
}

// Table shows the permissions of each role. Without a role there is only the
// line that upstream prints.
func (u UserDetail) Table(g *printer.Grid) {
	if len(u.Roles) == 0 && !g.Exact() {
		g.Bare("User: " + u.User)
		return
	}
	g.Header(append([]string{"User"}, roleHeader()...)...)
	for _, one := range u.Roles {
		for _, row := range one.rows(g) {
			g.Row(append([]string{u.User}, row...)...)
		}
	}
}

// UserList is the list of all users.
type UserList struct {
	*etcdserverpb.AuthUserListResponse
}

// Message returns the response.
func (u UserList) Message() proto.Message { return u.AuthUserListResponse }

// Simple prints a line for each user.
func (u UserList) Simple(t *printer.Text) {
	for _, user := range u.GetUsers() {
		t.Line(user)
	}
}

// Objects prints the users.
func (u UserList) Objects(l *printer.Lines) { named(l, "user", u.GetUsers()) }

// Table shows a row for each user.
func (u UserList) Table(g *printer.Grid) {
	g.Header("User")
	for _, user := range u.GetUsers() {
		g.Row(user)
	}
}
