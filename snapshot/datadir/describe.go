package datadir

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/protobuf/reflect/protoreflect"
)

func quote(b []byte) string { return strconv.Quote(string(b)) }

// spanText is a key or a range.
func spanText(key, end []byte) string {
	switch {
	case len(end) == 0:
		return quote(key)
	case string(end) == "\x00":
		return "from " + quote(key)
	}
	return quote(key) + " to " + quote(end)
}

func leaseText(id int64) string { return fmt.Sprintf("lease %016x", uint64(id)) }

func putText(p *pb.PutRequest) string {
	s := fmt.Sprintf("put %s (%d bytes)", quote(p.Key), len(p.Value))
	if p.Lease != 0 {
		s += " " + leaseText(p.Lease)
	}
	if p.IgnoreValue {
		s += " ignore-value"
	}
	if p.IgnoreLease {
		s += " ignore-lease"
	}
	return s
}

func (d *WALEntry) change(c *confChange) {
	kinds := []string{"member-add", "member-remove", "member-update", "member-add-learner"}
	d.Op = fmt.Sprintf("conf-change-%d", c.kind)
	switch {
	case c.context.Promote:
		d.Op = "member-promote"
	case c.kind < uint64(len(kinds)):
		d.Op = kinds[c.kind]
	}
	d.Text = fmt.Sprintf("%s %016x", d.Op, c.node)
	if urls := c.context.PeerURLs; len(urls) > 0 {
		d.Text += " " + strings.Join(urls, ",")
	}
}

// request describes a request of v3.
func (d *WALEntry) request(r *pb.InternalRaftRequest) {
	switch {
	case r.Put != nil:
		d.Op, d.Key, d.Size, d.Lease, d.Text = "put", r.Put.Key, len(r.Put.Value), r.Put.Lease, putText(r.Put)
	case r.DeleteRange != nil:
		d.Op, d.Key, d.End = "delete", r.DeleteRange.Key, r.DeleteRange.RangeEnd
		d.Text = "delete " + spanText(d.Key, d.End)
	case r.Range != nil:
		d.Op, d.Key, d.End = "range", r.Range.Key, r.Range.RangeEnd
		d.Text = "range " + spanText(d.Key, d.End)
	case r.Txn != nil:
		d.Op, d.Size, d.Text = "txn", valuesOf(r.Txn), txnText(r.Txn)
	case r.Compaction != nil:
		d.Op, d.Text = "compaction", fmt.Sprintf("compact to revision %d", r.Compaction.Revision)
	case r.LeaseGrant != nil:
		d.Op, d.Lease = "lease-grant", r.LeaseGrant.ID
		d.Text = fmt.Sprintf("grant %s ttl %ds", leaseText(d.Lease), r.LeaseGrant.TTL)
	case r.LeaseRevoke != nil:
		d.Op, d.Lease = "lease-revoke", r.LeaseRevoke.ID
		d.Text = "revoke " + leaseText(d.Lease)
	default:
		d.other(r)
	}
}

// other describes a request by the name of its field, and the names in it.
func (d *WALEntry) other(r *pb.InternalRaftRequest) {
	d.Op = "unknown"
	fields := r.ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		if f.Message() == nil || f.Name() == "header" || !r.ProtoReflect().Has(f) {
			continue
		}
		d.Op = strings.ReplaceAll(string(f.Name()), "_", "-")
		d.Text = d.Op + namesIn(r.ProtoReflect().Get(f).Message())
		return
	}
	d.Text = d.Op
}

// namesIn lists who and what a request is about, which never includes a
// password or a token.
func namesIn(m protoreflect.Message) string {
	var s strings.Builder
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		known := []protoreflect.Name{"name", "user", "role", "action", "alarm", "ver", "enabled"}
		if !slices.Contains(known, f.Name()) || !m.Has(f) {
			continue
		}
		switch v := m.Get(f); {
		case f.Kind() == protoreflect.StringKind:
			s.WriteString(" " + strconv.Quote(v.String()))
		case f.Kind() == protoreflect.EnumKind:
			if name := f.Enum().Values().ByNumber(v.Enum()); name != nil {
				s.WriteString(" " + string(name.Name()))
			}
		case f.Kind() == protoreflect.BoolKind:
			fmt.Fprintf(&s, " %s", f.Name())
		}
	}
	return s.String()
}
