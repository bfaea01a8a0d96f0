package view

import (
	"strconv"
	"strings"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/protobuf/proto"

	"etcdkit/printer"
)

// Upstream's program holds lease responses in structs that embed the header: in
// json its members are mixed with those of the response, and protobuf is only
// the header, because the header's marshalling is promoted. Both are kept,
// except for a revoke, which upstream holds like every other response.

// leaseMembers begins the object of a lease response with its header. All other
// members are kept.
func leaseMembers(t *printer.Text, h *etcdserverpb.ResponseHeader) *printer.Object {
	o := t.Object()
	headerMembers(o, h)
	o.Keep()
	return o
}

// LeaseGrant is the result of a lease grant.
type LeaseGrant struct {
	*etcdserverpb.LeaseGrantResponse
}

// Simple prints id and time to live.
func (l LeaseGrant) Simple(t *printer.Text) {
	t.Printf("lease %016x granted with TTL(%ds)\n", l.GetID(), l.GetTTL())
}

// Fields lists header, id and time to live.
func (l LeaseGrant) Fields(t *printer.Text) {
	headerFields(t, l.GetHeader())
	leaseField(t, "ID", l.GetID())
	intField(t, "TTL", l.GetTTL())
}

// JSON prints the response.
func (l LeaseGrant) JSON(t *printer.Text) {
	o := leaseMembers(t, l.GetHeader())
	o.Lease("ID", l.GetID())
	o.Int("TTL", l.GetTTL())
	o.String("Error", l.GetError())
	o.End()
}

// Table shows id and time to live.
func (l LeaseGrant) Table(g *printer.Grid) {
	g.Header("ID", "TTL")
	g.Row(leaseID(l.GetID()), strconv.FormatInt(l.GetTTL(), 10))
}

// Protobuf writes the header.
func (l LeaseGrant) Protobuf(t *printer.Text) { t.Message(l.GetHeader()) }

// LeaseRevoke is the result of a lease revoke.
type LeaseRevoke struct {
	ID int64
	*etcdserverpb.LeaseRevokeResponse
}

// Message returns the response.
func (l LeaseRevoke) Message() proto.Message { return l.LeaseRevokeResponse }

// Request adds the id.
func (l LeaseRevoke) Request(o *printer.Object) { o.Lease("ID", l.ID) }

// Simple prints the id.
func (l LeaseRevoke) Simple(t *printer.Text) { t.Printf("lease %016x revoked\n", l.ID) }

// Table shows the id and the outcome.
func (l LeaseRevoke) Table(g *printer.Grid) {
	g.Header("ID", "Status")
	g.Row(leaseID(l.ID), "revoked")
}

// LeaseKeepAlive is one answer to a lease's sign of life.
type LeaseKeepAlive struct {
	*etcdserverpb.LeaseKeepAliveResponse
}

// Simple prints id and time to live.
func (l LeaseKeepAlive) Simple(t *printer.Text) {
	t.Printf("lease %016x keepalived with TTL(%d)\n", l.GetID(), l.GetTTL())
}

// Fields lists header, id and time to live.
func (l LeaseKeepAlive) Fields(t *printer.Text) {
	headerFields(t, l.GetHeader())
	leaseField(t, "ID", l.GetID())
	intField(t, "TTL", l.GetTTL())
}

// JSON prints the response.
func (l LeaseKeepAlive) JSON(t *printer.Text) {
	o := leaseMembers(t, l.GetHeader())
	o.Lease("ID", l.GetID())
	o.Int("TTL", l.GetTTL())
	o.End()
}

// Table shows id and time to live.
func (l LeaseKeepAlive) Table(g *printer.Grid) {
	g.Header("ID", "TTL")
	g.Row(leaseID(l.GetID()), strconv.FormatInt(l.GetTTL(), 10))
}

// Protobuf writes the header.
func (l LeaseKeepAlive) Protobuf(t *printer.Text) { t.Message(l.GetHeader()) }

// LeaseTimeToLive is the state of one lease. A lease that does not exist has a
// TTL of -1.
type LeaseTimeToLive struct {
	*etcdserverpb.LeaseTimeToLiveResponse
	WithKeys bool // the keys attached to the lease were asked for
}

// expired reports whether the lease does not exist or no longer exists.
func (l LeaseTimeToLive) expired() bool { return l.GetGrantedTTL() == 0 && l.GetTTL() == -1 }

// Simple prints one line; attached keys are in it as they are.
func (l LeaseTimeToLive) Simple(t *printer.Text) {
	if l.expired() {
		t.Printf("lease %016x already expired\n", l.GetID())
		return
	}
	t.Printf("lease %016x granted with TTL(%ds), remaining(%ds)", l.GetID(), l.GetGrantedTTL(), l.GetTTL())
	if l.WithKeys {
		t.Raw(", attached keys([")
		for i, key := range l.GetKeys() {
			if i > 0 {
				t.Byte(' ')
			}
			t.Raw(string(key))
		}
		t.Raw("])")
	}
	t.Byte('\n')
}

// Fields lists header, id, times and keys.
func (l LeaseTimeToLive) Fields(t *printer.Text) {
	headerFields(t, l.GetHeader())
	leaseField(t, "ID", l.GetID())
	intField(t, "TTL", l.GetTTL())
	intField(t, "GrantedTTL", l.GetGrantedTTL())
	for _, key := range l.GetKeys() {
		quotedField(t, "Key", key)
	}
}

// JSON prints the response; the names differ from those of a grant.
func (l LeaseTimeToLive) JSON(t *printer.Text) {
	o := leaseMembers(t, l.GetHeader())
	o.Lease("id", l.GetID())
	o.Int("ttl", l.GetTTL())
	o.Int("granted-ttl", l.GetGrantedTTL())
	o.BytesList("keys", l.GetKeys())
	o.End()
}

// Table shows times and keys, a line for each key; as csv, a row.
func (l LeaseTimeToLive) Table(g *printer.Grid) {
	header := []string{"ID", "Granted TTL", "Remaining TTL"}
	row := []string{leaseID(l.GetID()), strconv.FormatInt(l.GetGrantedTTL(), 10), strconv.FormatInt(l.GetTTL(), 10)}
	if l.expired() {
		row[1], row[2] = "", "expired"
	}
	if l.WithKeys {
		keys := make([]string, 0, len(l.GetKeys()))
		for _, key := range l.GetKeys() {
			keys = append(keys, g.Data(key))
		}
		header = append(header, "Keys")
		if g.Exact() && len(keys) > 0 {
			g.Header(header...)
			for _, key := range keys {
				g.Row(append(row[:len(row):len(row)], key)...)
			}
			return
		}
		row = append(row, strings.Join(keys, "\n"))
	}
	g.Header(header...)
	g.Row(row...)
}

// Protobuf writes the header.
func (l LeaseTimeToLive) Protobuf(t *printer.Text) { t.Message(l.GetHeader()) }

// Leases is the list of all leases.
type Leases struct {
	*etcdserverpb.LeaseLeasesResponse
	// Details describe the leases, by id, in a table: with their keys, or without
	// if they may not be read. nil shows the ids alone.
	Details map[int64]*etcdserverpb.LeaseTimeToLiveResponse
}

// Simple prints how many there are, then the ids.
func (l Leases) Simple(t *printer.Text) {
	t.Printf("found %d leases\n", len(l.GetLeases()))
	for _, lease := range l.GetLeases() {
		t.Printf("%016x\n", lease.GetID())
	}
}

// Fields lists header and ids.
func (l Leases) Fields(t *printer.Text) {
	headerFields(t, l.GetHeader())
	for _, lease := range l.GetLeases() {
		leaseField(t, "ID", lease.GetID())
	}
}

// JSON prints the response.
func (l Leases) JSON(t *printer.Text) {
	o := leaseMembers(t, l.GetHeader())
	o.Key("leases")
	a := t.Array()
	for _, lease := range l.GetLeases() {
		a.Next()
		leaseJSON(t, lease)
	}
	a.End()
	o.End()
}

func leaseJSON(t *printer.Text, lease *etcdserverpb.LeaseStatus) {
	o := t.Object()
	o.Keep()
	o.Lease("id", lease.GetID())
	o.End()
}

// Objects prints the leases.
func (l Leases) Objects(lines *printer.Lines) { each(lines, l.GetLeases(), leaseJSON) }

// Table shows the ids, and the details if there are any.
func (l Leases) Table(g *printer.Grid) {
	if l.Details != nil {
		l.detailed(g)
		return
	}
	g.Header("ID")
	for _, lease := range l.GetLeases() {
		g.Row(leaseID(lease.GetID()))
	}
}

func (l Leases) detailed(g *printer.Grid) {
	g.Header("ID", "Granted TTL", "Remaining TTL", "Keys")
	for _, lease := range l.GetLeases() {
		d := LeaseTimeToLive{LeaseTimeToLiveResponse: l.Details[lease.GetID()]}
		keys := "not readable"
		if d.GetKeys() != nil {
			keys = strconv.Itoa(len(d.GetKeys()))
		}
		if d.expired() {
			g.Row(leaseID(lease.GetID()), "", "expired", "")
			continue
		}
		g.Row(leaseID(lease.GetID()), strconv.FormatInt(d.GetGrantedTTL(), 10), strconv.FormatInt(d.GetTTL(), 10), keys)
	}
}

// Protobuf writes the header.
func (l Leases) Protobuf(t *printer.Text) { t.Message(l.GetHeader()) }
