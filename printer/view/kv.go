package view

import (
	"fmt"
	"strconv"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"google.golang.org/protobuf/proto"

	"etcdkit/printer"
)

// kvSimple prints a key line and a value line.
func kvSimple(t *printer.Text, kv *mvccpb.KeyValue) { values{}.simple(t, kv) }

func valueSimple(t *printer.Text, kv *mvccpb.KeyValue) {
	t.Data(kv.GetValue())
	t.Byte('\n')
}

// kvFields lists a key with everything known of it; each name gets the prefix.
func kvFields(t *printer.Text, prefix string, kv *mvccpb.KeyValue) {
	quotedField(t, prefix+"Key", kv.GetKey())
	intField(t, prefix+"CreateRevision", kv.GetCreateRevision())
	intField(t, prefix+"ModRevision", kv.GetModRevision())
	intField(t, prefix+"Version", kv.GetVersion())
	quotedField(t, prefix+"Value", kv.GetValue())
	leaseField(t, prefix+"Lease", kv.GetLease())
}

// leaseField lists a lease id: decimal, or padded hexadecimal under --hex.
func leaseField(t *printer.Text, name string, id int64) {
	fieldName(t, name)
	if t.Hex {
		t.Printf("%016x\n", id)
		return
	}
	t.Int(id)
	t.Byte('\n')
}

func kvJSON(t *printer.Text, kv *mvccpb.KeyValue) { values{}.json(t, kv) }

// kvHeader names the columns that kvRow fills.
func kvHeader() []string {
	return []string{"Key", "Value", "Create Revision", "Mod Revision", "Version", "Lease"}
}

func kvRow(g *printer.Grid, kv *mvccpb.KeyValue) []string {
	lease := ""
	if kv.GetLease() != 0 {
		lease = leaseID(kv.GetLease())
	}
	return []string{
		g.Data(kv.GetKey()), g.Data(kv.GetValue()),
		strconv.FormatInt(kv.GetCreateRevision(), 10), strconv.FormatInt(kv.GetModRevision(), 10),
		strconv.FormatInt(kv.GetVersion(), 10), lease,
	}
}

// leaseID is the padded hexadecimal form of a lease's id.
func leaseID(id int64) string { return fmt.Sprintf("%016x", uint64(id)) }

// Put is the result of a put.
type Put struct{ *etcdserverpb.PutResponse }

// Message returns the response.
func (p Put) Message() proto.Message { return p.PutResponse }

// Simple prints OK, and the previous pair where it was asked for.
func (p Put) Simple(t *printer.Text) {
	t.Line("OK")
	if p.GetPrevKv() != nil {
		kvSimple(t, p.GetPrevKv())
	}
}

// Fields lists header and previous pair.
func (p Put) Fields(t *printer.Text) {
	headerFields(t, p.GetHeader())
	if p.GetPrevKv() != nil {
		kvFields(t, "Prev", p.GetPrevKv())
	}
}

// Table shows the new revision and the previous pair.
func (p Put) Table(g *printer.Grid) {
	g.Header("Revision", "Previous Value", "Previous Mod Revision", "Previous Version")
	row := []string{strconv.FormatInt(p.GetHeader().GetRevision(), 10), "", "", ""}
	if kv := p.GetPrevKv(); kv != nil {
		row[1] = g.Data(kv.GetValue())
		row[2] = strconv.FormatInt(kv.GetModRevision(), 10)
		row[3] = strconv.FormatInt(kv.GetVersion(), 10)
	}
	g.Row(row...)
}

// Delete is the result of a del.
type Delete struct {
	*etcdserverpb.DeleteRangeResponse
}

// Message returns the response.
func (d Delete) Message() proto.Message { return d.DeleteRangeResponse }

// Simple prints the number of deleted keys, and the deleted pairs where they
// were asked for.
func (d Delete) Simple(t *printer.Text) {
	t.Int(d.GetDeleted())
	t.Byte('\n')
	for _, kv := range d.GetPrevKvs() {
		kvSimple(t, kv)
	}
}

// Fields lists header, count and deleted pairs.
func (d Delete) Fields(t *printer.Text) {
	headerFields(t, d.GetHeader())
	intField(t, "Deleted", d.GetDeleted())
	for _, kv := range d.GetPrevKvs() {
		kvFields(t, "Prev", kv)
	}
}

// Table shows the deleted pairs, or the count where they were not asked for.
func (d Delete) Table(g *printer.Grid) {
	if len(d.GetPrevKvs()) == 0 {
		g.Header("Deleted")
		g.Row(strconv.FormatInt(d.GetDeleted(), 10))
		return
	}
	g.Header(kvHeader()...)
	for _, kv := range d.GetPrevKvs() {
		g.Row(kvRow(g, kv)...)
	}
}
