package datadir

import (
	"bytes"
	"slices"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

// needs are the keys of the database that entries depend on.
type needs struct {
	keys   map[string]struct{}
	ranges []span
	leases map[int64]struct{} // all keys attached to one
	auth   bool               // permissions may be checked
}

// span is a range of keys; an empty end is no limit.
type span struct{ from, below []byte }

func (s span) has(key []byte) bool {
	return bytes.Compare(key, s.from) >= 0 && (len(s.below) == 0 || bytes.Compare(key, s.below) < 0)
}

// spanOf returns the range of a request. ok is false if it is a single key.
func spanOf(key, end []byte) (_ span, ok bool) {
	if len(end) == 1 && end[0] == 0 {
		return span{from: key}, true
	}
	return span{key, end}, len(end) > 0
}

// add notes what an entry depends on.
func (n *needs) add(e entry) {
	switch r := e.request; {
	case r == nil:
	case r.Put != nil:
		n.put(r.Put)
	case r.DeleteRange != nil:
		n.reach(r.DeleteRange.Key, r.DeleteRange.RangeEnd)
	case r.Txn != nil:
		n.txn(r.Txn)
	case r.LeaseRevoke != nil:
		n.lease(r.LeaseRevoke.ID)
	case r.AuthEnable != nil:
		n.auth = true
	}
}

func (n *needs) reach(key, end []byte) {
	if s, ok := spanOf(key, end); ok {
		n.ranges = append(n.ranges, s)
		return
	}
	if n.keys == nil {
		n.keys = map[string]struct{}{}
	}
	n.keys[string(key)] = struct{}{}
}

func (n *needs) lease(id int64) {
	if n.leases == nil {
		n.leases = map[int64]struct{}{}
	}
	n.leases[id] = struct{}{}
}

func (n *needs) put(r *pb.PutRequest) {
	n.reach(r.Key, nil)
	if n.auth && r.Lease != 0 { // whether its other keys may be written is checked
		n.lease(r.Lease)
	}
}

func (n *needs) txn(r *pb.TxnRequest) {
	for _, c := range r.Compare {
		n.reach(c.Key, c.RangeEnd)
	}
	for _, op := range slices.Concat(r.Success, r.Failure) {
		switch {
		case op.GetRequestPut() != nil:
			n.put(op.GetRequestPut())
		case op.GetRequestDeleteRange() != nil:
			n.reach(op.GetRequestDeleteRange().Key, op.GetRequestDeleteRange().RangeEnd)
		case op.GetRequestTxn() != nil:
			n.txn(op.GetRequestTxn())
		}
	}
}

// merge sorts the ranges and joins those that overlap.
func (n *needs) merge() {
	slices.SortFunc(n.ranges, func(a, b span) int { return bytes.Compare(a.from, b.from) })
	var merged []span
	for _, s := range n.ranges {
		last := len(merged) - 1
		switch {
		case len(s.below) > 0 && bytes.Compare(s.from, s.below) >= 0: // empty
		case last < 0 || !merged[last].has(s.from) && !bytes.Equal(merged[last].below, s.from):
			merged = append(merged, s)
		case len(merged[last].below) > 0 && (len(s.below) == 0 || bytes.Compare(s.below, merged[last].below) > 0):
			merged[last].below = s.below
		}
	}
	n.ranges = merged
}

// has reports whether a key is among those needed. merge has been called.
func (n *needs) has(key []byte) bool {
	if _, ok := n.keys[string(key)]; ok {
		return true
	}
	i, found := slices.BinarySearchFunc(n.ranges, key, func(s span, key []byte) int { return bytes.Compare(s.from, key) })
	return found || i > 0 && n.ranges[i-1].has(key)
}
