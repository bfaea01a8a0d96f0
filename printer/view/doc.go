// Package view defines how each of etcd's results looks in every format, one
// file per noun: kv, watch, lease, member, endpoint, alarm, auth, user, role,
// snapshot. Views hold responses unchanged; all formatting is in the methods
// that package printer calls.
//
// Bytes in the simple, json, fields, table and protobuf formats are those of
// upstream's programs if these print the view at all; docs/compat.md lists the
// additions.
//
// It may import printer and etcd's API types, and no client or command.
package view

import (
	"iter"
	"strconv"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/protobuf/proto"

	"etcdkit/printer"
)

// headerFields lists a response header. Since 3.6 the revision is omitted if it
// is zero, as in responses that are not about keys.
func headerFields(t *printer.Text, h *etcdserverpb.ResponseHeader) {
	idField(t, "ClusterID", h.GetClusterId())
	idField(t, "MemberID", h.GetMemberId())
	if h.GetRevision() > 0 || t.Release.ZeroRevision {
		intField(t, "Revision", h.GetRevision())
	}
	uintField(t, "RaftTerm", h.GetRaftTerm())
}

// headerMembers adds the members of a response header to an object.
func headerMembers(o *printer.Object, h *etcdserverpb.ResponseHeader) {
	o.ID("cluster_id", h.GetClusterId())
	o.ID("member_id", h.GetMemberId())
	o.Int("revision", h.GetRevision())
	o.Uint("raft_term", h.GetRaftTerm())
}

// headerJSON adds a response header as a member, if there is one.
func headerJSON(t *printer.Text, o *printer.Object, h *etcdserverpb.ResponseHeader) {
	if h == nil {
		o.Null("header")
		return
	}
	o.Key("header")
	header := t.Object()
	headerMembers(header, h)
	header.End()
}

// list adds an array unless it is empty and JSON omits empty values.
func list[T any](t *printer.Text, o *printer.Object, name string, all []T, element func(*printer.Text, T)) {
	if len(all) == 0 && !t.Whole() {
		return
	}
	o.Key(name)
	a := t.Array()
	for _, one := range all {
		a.Next()
		element(t, one)
	}
	a.End()
}

// messages appends each message.
func messages[M proto.Message](l *printer.Lines, all []M) {
	each(l, all, func(t *printer.Text, m M) { t.MessageJSON(m) })
}

// each appends an object for each element.
func each[T any](l *printer.Lines, all []T, element func(*printer.Text, T)) {
	for _, one := range all {
		element(l.Text, one)
		l.End()
	}
}

// failer is a format that can't go on after an error.
type failer interface {
	Fail(err error)
	Failed() bool
}

// through calls f for each element of a sequence, until one is an error or the
// output fails. It reports whether f was called for all.
func through[T any](out failer, all iter.Seq2[T, error], f func(T)) bool {
	for one, err := range all {
		if err != nil {
			out.Fail(err)
		}
		if out.Failed() {
			return false
		}
		f(one)
	}
	return true
}

// named appends an object for each name.
func named(l *printer.Lines, member string, names []string) {
	each(l, names, func(t *printer.Text, name string) {
		o := t.Object()
		o.String(member, name)
		o.End()
	})
}

func fieldName(t *printer.Text, name string) {
	t.Byte('"')
	t.Raw(name)
	t.Raw(`" : `)
}

func intField(t *printer.Text, name string, v int64) {
	fieldName(t, name)
	t.Int(v)
	t.Byte('\n')
}

func uintField(t *printer.Text, name string, v uint64) {
	fieldName(t, name)
	t.Uint(v)
	t.Byte('\n')
}

func boolField(t *printer.Text, name string, v bool) {
	fieldName(t, name)
	t.Line(strconv.FormatBool(v))
}

func quotedField(t *printer.Text, name string, v []byte) {
	fieldName(t, name)
	t.Quoted(v)
	t.Byte('\n')
}

// idField lists an id: decimal, or bare hexadecimal under --hex.
func idField(t *printer.Text, name string, id uint64) {
	fieldName(t, name)
	if t.Hex {
		t.Raw(hexID(id))
	} else {
		t.Uint(id)
	}
	t.Byte('\n')
}

// hexID is the unpadded hexadecimal form of a cluster's or member's id.
func hexID(id uint64) string { return strconv.FormatUint(id, 16) }
