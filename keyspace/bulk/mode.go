package bulk

import (
	"errors"
	"fmt"
	"slices"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// Mode is what becomes of a put whose key is there already.
type Mode int

// The modes. Without a delete among the changes each key is there or not; only
// Overwrite takes deletes.
const (
	Overwrite Mode = iota // it is written over
	Skip                  // the key stays as it is, and its change is in Committed.Present
	Refuse                // nothing of the transaction is written; the error wraps ErrPresent
	Look                  // nothing is written anyhow; Committed.Present says which are there
)

// String returns the name of the mode, which --on-conflict has for those that
// write.
func (m Mode) String() string {
	return [...]string{Overwrite: "overwrite", Skip: "skip", Refuse: "fail", Look: "look"}[m]
}

// ErrPresent is the error of a key that is there already.
var ErrPresent = errors.New("the key exists already")

// Committed is a transaction that the cluster has carried out.
type Committed struct {
	Changes  []Change
	Present  []Change // those whose keys were there already; Overwrite does not know
	Revision int64    // the cluster's then; 0 where Overwrite had nothing to change
}

// request returns the one request for the changes, for each of which there is
// an operation. A single change needs no transaction, whose frame could make
// the largest value that a server takes too large.
func (m Mode) request(changes []Change, ops []clientv3.Op) clientv3.Op {
	if m == Overwrite && len(ops) == 1 {
		return ops[0]
	}
	looks, absent := make([]clientv3.Op, len(ops)), make([]clientv3.Cmp, len(ops))
	for i, c := range changes {
		looks[i] = clientv3.OpGet(string(c.key), clientv3.WithKeysOnly())
		absent[i] = clientv3.Compare(clientv3.CreateRevision(string(c.key)), "=", 0)
	}
	switch m {
	case Look:
		return clientv3.OpTxn(nil, looks, nil)
	case Refuse:
		return clientv3.OpTxn(absent, ops, looks)
	case Skip:
		each := make([]clientv3.Op, len(ops))
		for i := range ops {
			each[i] = clientv3.OpTxn(absent[i:i+1], ops[i:i+1], looks[i:i+1])
		}
		return clientv3.OpTxn(nil, each, nil)
	default:
		return clientv3.OpTxn(nil, ops, nil)
	}
}

// done tells of a transaction that was carried out, or returns why it was not.
// One that was sent again may find keys that its first sending has written: new
// ones of a revision after Since, which nobody else is likely to have made.
func (c *Committer) done(changes []Change, resp clientv3.OpResponse, again bool) error {
	var present []Change
	for i, kv := range c.Mode.found(resp, len(changes)) {
		ours := again && c.Mode != Look && kv.GetVersion() == 1 && kv.GetCreateRevision() > c.Since
		if kv != nil && !ours {
			present = append(present, changes[i])
		}
	}
	switch {
	case c.Mode != Refuse || len(present) == 0:
	case c.Refused != nil: // which will know the key
		return ErrPresent
	default:
		return fmt.Errorf("%w: %q", ErrPresent, present[0].key)
	}
	if c.Done != nil {
		rev := revision(resp)
		if c.Mode == Overwrite && !wrote(changes, resp) {
			rev = 0
		}
		c.Done(Committed{changes, present, rev})
	}
	return nil
}

// found returns the key that was there already for each of n changes, nil where
// there was none.
func (m Mode) found(resp clientv3.OpResponse, n int) []*mvccpb.KeyValue {
	txn := resp.Txn()
	if m == Overwrite || txn == nil || m == Refuse && txn.Succeeded {
		return nil
	}
	found := make([]*mvccpb.KeyValue, n)
	for i, r := range txn.Responses[:min(n, len(txn.Responses))] {
		answer := r
		if inner := r.GetResponseTxn(); inner != nil && len(inner.GetResponses()) > 0 {
			answer = inner.GetResponses()[0]
		}
		if kvs := answer.GetResponseRange().GetKvs(); len(kvs) > 0 {
			found[i] = kvs[0]
		}
	}
	return found
}

// wrote tells whether a request that overwrites has changed anything: it has not
// where there was nothing to delete.
func wrote(changes []Change, resp clientv3.OpResponse) bool {
	switch {
	case slices.ContainsFunc(changes, func(c Change) bool { return !c.delete }):
		return true
	case resp.Del() != nil:
		return resp.Del().Deleted > 0
	}
	return slices.ContainsFunc((*pb.TxnResponse)(resp.Txn()).GetResponses(), deleted)
}

// deleted tells whether an operation, or what stood below its condition, has
// deleted anything.
func deleted(r *pb.ResponseOp) bool {
	return r.GetResponseDeleteRange().GetDeleted() > 0 || slices.ContainsFunc(r.GetResponseTxn().GetResponses(), deleted)
}

// revision returns the cluster's revision after a request.
func revision(r clientv3.OpResponse) int64 {
	var header *pb.ResponseHeader
	switch {
	case r.Txn() != nil:
		header = r.Txn().Header
	case r.Put() != nil:
		header = r.Put().Header
	case r.Del() != nil:
		header = r.Del().Header
	}
	return header.GetRevision()
}
