package bulk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/keyspace/fence"
)

// Mode says how to treat a put whose key already exists.
type Mode int

// The modes. Except in Overwrite, which alone accepts deletes, each key is
// checked for existence.
const (
	Overwrite Mode = iota // it is written over
	Skip                  // the key is left unchanged, and its change is in Committed.Present
	Refuse                // nothing of the transaction is written; the error wraps ErrPresent
	Look                  // nothing is written anyhow; Committed.Present lists the existing keys
)

// String returns the name of the mode, as the flag --on-conflict spells it.
func (m Mode) String() string {
	return [...]string{Overwrite: "overwrite", Skip: "skip", Refuse: "fail", Look: "look"}[m]
}

// ErrPresent is the error for a key that already exists.
var ErrPresent = errors.New("the key exists already")

// Committed is a transaction that the cluster has carried out.
type Committed struct {
	Changes  []Change
	Present  []Change // those whose keys already existed; Overwrite does not know
	Revision int64    // the cluster's then; 0 where Overwrite had nothing to change
}

// frame is how many operations a transaction has by the server's count besides
// its changes: the fence's mark, and one for a transaction inside it.
func (m Mode) frame() int {
	return [...]int{Overwrite: 1, Skip: 2, Refuse: 2, Look: 0}[m]
}

// request returns the transaction for the changes, with one operation for each.
func (m Mode) request(changes []Change, ops []clientv3.Op) []clientv3.Op {
	looks, absent := make([]clientv3.Op, len(ops)), make([]clientv3.Cmp, len(ops))
	for i, c := range changes {
		looks[i] = clientv3.OpGet(string(c.key), clientv3.WithKeysOnly())
		absent[i] = clientv3.Compare(clientv3.CreateRevision(string(c.key)), "=", 0)
	}
	switch m {
	case Look:
		return looks
	case Refuse:
		return []clientv3.Op{clientv3.OpTxn(absent, ops, looks)}
	case Skip:
		each := make([]clientv3.Op, len(ops))
		for i := range ops {
			each[i] = clientv3.OpTxn(absent[i:i+1], ops[i:i+1], looks[i:i+1])
		}
		return each
	default:
		return ops
	}
}

// done reports a transaction that was applied, or returns why it wrote nothing.
func (c *Committer) done(ctx context.Context, changes []Change, result fence.Result) error {
	kvs, err := c.found(ctx, changes, result)
	if err != nil {
		return err
	}
	var present []Change
	for i, kv := range kvs {
		if kv != nil {
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
		rev := result.Revision
		if c.Mode == Overwrite && !result.Fenced && !wrote(changes, result.Responses) {
			rev = 0
		}
		c.Done(Committed{changes, present, rev})
	}
	return nil
}

// found returns the key that already existed for each of the changes, nil if
// there was none.
func (c *Committer) found(ctx context.Context, changes []Change, result fence.Result) ([]*mvccpb.KeyValue, error) {
	switch {
	case c.Mode == Overwrite:
		return nil, nil
	case result.Responses == nil:
		return c.foundAt(ctx, changes, result.Revision)
	case c.Mode == Refuse:
		inner := result.Responses[0].GetResponseTxn()
		if inner.GetSucceeded() {
			return nil, nil
		}
		found := keys(inner.GetResponses())
		if !slices.ContainsFunc(found, func(kv *mvccpb.KeyValue) bool { return kv != nil }) {
			return nil, errors.New("the server says that a key exists, and that none does; nothing was written")
		}
		return found, nil
	}
	return keys(result.Responses), nil
}

// keys returns the key that each response has read, also below a condition.
func keys(answers []*pb.ResponseOp) []*mvccpb.KeyValue {
	found := make([]*mvccpb.KeyValue, len(answers))
	for i, answer := range answers {
		if inner := answer.GetResponseTxn().GetResponses(); len(inner) > 0 {
			answer = inner[0]
		}
		if kvs := answer.GetResponseRange().GetKvs(); len(kvs) > 0 {
			found[i] = kvs[0]
		}
	}
	return found
}

// foundAt is found for a transaction whose answer was lost and that was applied
// at rev: the keys it wrote were created then. After a compaction it reads the
// keys at the current revision.
func (c *Committer) foundAt(ctx context.Context, changes []Change, rev int64) ([]*mvccpb.KeyValue, error) {
	at := func(rev int64) (fence.Result, error) {
		looks := make([]clientv3.Op, len(changes))
		for i, change := range changes {
			looks[i] = clientv3.OpGet(string(change.key), clientv3.WithKeysOnly(), clientv3.WithRev(rev))
		}
		return c.Fence.Read(ctx, looks...)
	}
	result, err := at(rev)
	if errors.Is(err, rpctypes.ErrCompacted) {
		result, err = at(0)
	}
	if err != nil {
		c.unknown(changes)
		return nil, err
	}
	found := keys(result.Responses)
	for i, kv := range found {
		if kv.GetCreateRevision() == rev {
			found[i] = nil
		}
	}
	return found, nil
}

// missing returns the changes that remain to be made, for a transaction that
// may have been applied but can no longer be. The others were made, by it or by
// another client.
func (c *Committer) missing(ctx context.Context, changes []Change, why *fence.Unknown) ([]Change, error) {
	if !why.Over || c.Mode != Overwrite {
		c.unknown(changes)
		return nil, why
	}
	looks := make([]clientv3.Op, len(changes))
	for i, change := range changes {
		looks[i] = clientv3.OpGet(string(change.key))
	}
	result, err := c.Fence.Read(ctx, looks...)
	if err != nil {
		c.unknown(changes)
		return nil, fmt.Errorf("%w; look what was written: %w", why, err)
	}
	var missing, made []Change
	rev := int64(0)
	for i, kv := range keys(result.Responses) {
		change, there := changes[i], kv.GetModRevision() > why.Since && bytes.Equal(kv.GetValue(), changes[i].value)
		if change.delete && kv == nil || !change.delete && there && (change.lease != 0) == (kv.GetLease() != 0) {
			made, rev = append(made, change), max(rev, kv.GetModRevision())
		} else {
			missing = append(missing, change)
		}
	}
	if len(made) > 0 && c.Done != nil {
		c.Done(Committed{made, nil, rev})
	}
	return missing, nil
}

func (c *Committer) unknown(changes []Change) {
	if c.Unknown != nil {
		c.Unknown(changes)
	}
}

// wrote reports whether a transaction that overwrites has changed anything: it
// has not if there was nothing to delete.
func wrote(changes []Change, answers []*pb.ResponseOp) bool {
	return slices.ContainsFunc(changes, func(c Change) bool { return !c.delete }) || slices.ContainsFunc(answers, deleted)
}

// deleted reports whether an operation, or one below its condition, has deleted
// anything.
func deleted(r *pb.ResponseOp) bool {
	return r.GetResponseDeleteRange().GetDeleted() > 0 || slices.ContainsFunc(r.GetResponseTxn().GetResponses(), deleted)
}
