package view

import (
	"bytes"

	"go.etcd.io/etcd/api/v3/authpb"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/protobuf/proto"

	"etcdkit/printer"
)

const (
	rootRole = "root" // may do everything, and needs no permissions for it
	openEnd  = "\x00" // the end of a range that has none
	openCell = "<open ended>"
)

// RoleAdd is the result of a role add.
type RoleAdd struct {
	Ack
	Role string
}

// Simple prints which role is new.
func (r RoleAdd) Simple(t *printer.Text) { t.Line("Role " + r.Role + " created") }

// Table shows which role is new.
func (r RoleAdd) Table(g *printer.Grid) { roleTable(g, r.Role, "created") }

// RoleDelete is the result of a role delete.
type RoleDelete struct {
	Ack
	Role string
}

// Simple prints which role is gone.
func (r RoleDelete) Simple(t *printer.Text) { t.Line("Role " + r.Role + " deleted") }

// Table shows which role is gone.
func (r RoleDelete) Table(g *printer.Grid) { roleTable(g, r.Role, "deleted") }

func roleTable(g *printer.Grid, role, status string) {
	g.Header("Role", "Status")
	g.Row(role, status)
}

// RoleGrantPermission is the result of a role grant-permission.
type RoleGrantPermission struct {
	Ack
	Role string
	Perm *authpb.Permission // the new one
}

// Simple prints which role has changed.
func (r RoleGrantPermission) Simple(t *printer.Text) { t.Line("Role " + r.Role + " updated") }

// Table shows the new permission.
func (r RoleGrantPermission) Table(g *printer.Grid) {
	g.Header(append(roleHeader(), "Status")...)
	g.Row(append(permRow(g, r.Role, r.Perm), "granted")...)
}

// RoleRevokePermission is the result of a role revoke-permission.
type RoleRevokePermission struct {
	Ack
	Role     string
	Key, End string // as in authpb.Permission, but for an empty key, which stays empty
}

// Simple prints the permission that was revoked from the role.
func (r RoleRevokePermission) Simple(t *printer.Text) {
	t.Raw("Permission of ")
	if r.End == "" {
		t.Raw("key " + r.Key)
	} else {
		t.Raw("range " + interval(r.Key, r.End))
	}
	t.Line(" is revoked from role " + r.Role)
}

// Table shows the permission that was revoked from the role.
func (r RoleRevokePermission) Table(g *printer.Grid) {
	g.Header("Role", "Key", "Range End", "Prefix", "Status")
	g.Row(append(append([]string{r.Role}, rangeCells(g, []byte(r.Key), []byte(r.End))...), "revoked")...)
}

// RoleList is the list of all roles.
type RoleList struct {
	*etcdserverpb.AuthRoleListResponse
}

// Message returns the response.
func (r RoleList) Message() proto.Message { return r.AuthRoleListResponse }

// Simple prints a line for each role.
func (r RoleList) Simple(t *printer.Text) {
	for _, role := range r.GetRoles() {
		t.Line(role)
	}
}

// Objects prints the roles.
func (r RoleList) Objects(l *printer.Lines) { named(l, "role", r.GetRoles()) }

// Table shows a row for each role.
func (r RoleList) Table(g *printer.Grid) {
	g.Header("Role")
	for _, role := range r.GetRoles() {
		g.Row(role)
	}
}

// RoleGet lists the permissions of one role.
type RoleGet struct {
	*etcdserverpb.AuthRoleGetResponse
	Role string
}

// Message returns the response.
func (r RoleGet) Message() proto.Message { return r.AuthRoleGetResponse }

// Request adds the role.
func (r RoleGet) Request(o *printer.Object) { o.String("role", r.Role) }

// perms are the permissions of the role; that of root need not be said.
func (r RoleGet) perms() []*authpb.Permission {
	if r.Role == rootRole && len(r.GetPerm()) == 0 {
		return []*authpb.Permission{{PermType: authpb.READWRITE, RangeEnd: []byte(openEnd)}}
	}
	return r.GetPerm()
}

// Simple prints the keys that can be read, then those that can be written. Keys
// are printed unchanged, with --hex too. 3.5 does not know the permissions of
// root.
func (r RoleGet) Simple(t *printer.Text) {
	perms := r.perms()
	if !t.Release.RootRole {
		perms = r.GetPerm()
	}
	t.Line("Role " + r.Role)
	for _, may := range []struct {
		title string
		kind  authpb.Permission_Type
	}{{"KV Read:", authpb.READ}, {"KV Write:", authpb.WRITE}} {
		t.Line(may.title)
		for _, perm := range perms {
			if kind := perm.GetPermType(); kind == may.kind || kind == authpb.READWRITE {
				permLine(t, perm)
			}
		}
	}
}

// permLine prints a key or a range. A range without an end has no closing
// parenthesis. 3.5 also points out the empty prefix.
func permLine(t *printer.Text, perm *authpb.Permission) {
	key, end := string(perm.GetKey()), string(perm.GetRangeEnd())
	text := key
	if end != "" {
		text = interval(key, end)
	}
	if end == string(prefixEnd(perm.GetKey())) && (key != "" || t.Release.EmptyPrefix) {
		text += " (prefix " + key + ")"
	}
	t.Line("\t" + text)
}

func interval(key, end string) string {
	if end == openEnd {
		return "[" + key + ", " + openCell
	}
	return "[" + key + ", " + end + ")"
}

// prefixEnd is the end of the range of all keys that begin with prefix.
func prefixEnd(prefix []byte) []byte {
	for last := len(prefix) - 1; last >= 0; last-- {
		if prefix[last] < 0xff {
			end := bytes.Clone(prefix[:last+1])
			end[last]++
			return end
		}
	}
	return []byte(openEnd)
}

// Fields lists header and permissions; upstream's type has two blanks before
// it.
func (r RoleGet) Fields(t *printer.Text) {
	headerFields(t, r.GetHeader())
	for _, perm := range r.GetPerm() {
		fieldName(t, "PermType")
		t.Line(" " + perm.GetPermType().String())
		quotedField(t, "Key", perm.GetKey())
		quotedField(t, "RangeEnd", perm.GetRangeEnd())
	}
}

// Table shows a row for each permission. A role without any has a row too.
func (r RoleGet) Table(g *printer.Grid) {
	g.Header(roleHeader()...)
	for _, row := range r.rows(g) {
		g.Row(row...)
	}
}

// roleHeader names the columns that rows and permRow fill.
func roleHeader() []string { return []string{"Role", "Permission", "Key", "Range End", "Prefix"} }

func (r RoleGet) rows(g *printer.Grid) [][]string {
	if len(r.perms()) == 0 {
		return [][]string{{r.Role, "", "", "", ""}}
	}
	var rows [][]string
	for _, perm := range r.perms() {
		rows = append(rows, permRow(g, r.Role, perm))
	}
	return rows
}

func permRow(g *printer.Grid, role string, perm *authpb.Permission) []string {
	return append([]string{role, perm.GetPermType().String()}, rangeCells(g, perm.GetKey(), perm.GetRangeEnd())...)
}

// rangeCells are key, end and prefix of a range. A single key has no end.
func rangeCells(g *printer.Grid, key, end []byte) []string {
	cells := []string{g.Data(key), g.Data(end), ""}
	if string(end) == openEnd && !g.Exact() {
		cells[1] = openCell
	}
	if len(key) > 0 && bytes.Equal(end, prefixEnd(key)) {
		cells[2] = cells[0]
	}
	return cells
}
