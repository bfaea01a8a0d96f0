package fence

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/keyspace/retry"
)

// lane carries out one transaction after another.
type lane struct {
	fence  *Fence
	number int

	session   *session
	rev       int64 // that the lane's key has; 0 if it is not made
	sent      int64 // transactions
	unsettled bool  // a copy of the last transaction may be under way
}

// The values of a lane's key: the number of the last transaction, and of one
// that was settled as not applied.
func (l *lane) applied() string { return strconv.FormatInt(l.sent, 10) }
func (l *lane) settled() string { return l.applied() + " not applied" }

func (l *lane) key() string { return l.session.name + strconv.Itoa(l.number) }

// unchanged holds as long as the lane's key is as the lane has seen it last.
func (l *lane) unchanged() []clientv3.Cmp {
	return []clientv3.Cmp{clientv3.Compare(clientv3.ModRevision(l.key()), "=", l.rev)}
}

func (l *lane) look() []clientv3.Op { return []clientv3.Op{clientv3.OpGet(l.key())} }

// mark writes into the lane's key, which exists as long as the lease does.
func (l *lane) mark(value string) clientv3.Op {
	return clientv3.OpPut(l.key(), value, clientv3.WithLease(l.session.lease))
}

// join puts the lane into a session, in which its key does not exist yet.
func (l *lane) join(s *session) {
	if l.session != s {
		l.session, l.rev, l.unsettled = s, 0, false
	}
}

// ready makes sure that the lane has a key and that nothing is under way. The
// error is errDenied if a fence is not permitted.
func (l *lane) ready(ctx context.Context, key []byte) error {
	for range mostFences {
		if err := l.fence.enter(ctx, l, key); err != nil {
			return err
		}
		var err error
		switch {
		case l.rev == 0:
			err = l.create(ctx)
		case l.unsettled:
			_, err = l.settle(ctx)
		}
		if !errors.Is(err, errExpired) {
			return err
		}
		l.fence.lost(l.session)
	}
	return errExpired
}

// create makes the lane's key. A copy of the request that is still under way
// when the lease has ended fails because the lease does not exist.
func (l *lane) create(ctx context.Context) error {
	absent := []clientv3.Cmp{clientv3.Compare(clientv3.ModRevision(l.key()), "=", 0)}
	put := []clientv3.Op{l.mark("")}
	txn, kv, err := l.confirm(ctx, clientv3.OpTxn(absent, put, l.look()))
	switch {
	case errors.Is(err, rpctypes.ErrLeaseNotFound):
		return errExpired
	case err != nil:
		return err
	case txn.Succeeded:
		l.rev = txn.Header.GetRevision()
	case kv == nil || len(kv.GetValue()) > 0:
		return fmt.Errorf("make a fence: %w", errAnswer)
	default: // by a copy whose answer was lost
		l.rev = kv.GetModRevision()
	}
	return nil
}

// settle makes every copy of the last transaction fail that is still under way,
// and reports whether the transaction was applied.
func (l *lane) settle(ctx context.Context) (applied bool, err error) {
	txn, kv, err := l.confirm(ctx, clientv3.OpTxn(l.unchanged(), []clientv3.Op{l.mark(l.settled())}, l.look()))
	switch {
	case err != nil:
		return false, err
	case txn.Succeeded:
		l.rev = txn.Header.GetRevision()
	case kv == nil:
		return false, errExpired
	case string(kv.GetValue()) == l.applied():
		applied, l.rev = true, kv.GetModRevision()
	case string(kv.GetValue()) == l.settled(): // by a copy whose answer was lost
		l.rev = kv.GetModRevision()
	default:
		return false, fmt.Errorf("look for a lost answer: %w", errAnswer)
	}
	l.unsettled = false
	return applied, nil
}

// confirm sends a transaction that is safe to repeat until it is answered, and
// returns the lane's key as its other branch has read it.
func (l *lane) confirm(ctx context.Context, op clientv3.Op) (*clientv3.TxnResponse, *mvccpb.KeyValue, error) {
	var resp clientv3.OpResponse
	err := l.fence.Retry.Do(ctx, func(ctx context.Context) (err error) {
		resp, err = l.fence.KV.Do(ctx, op)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	kv, err := l.found(resp.Txn())
	return resp.Txn(), kv, err
}

// found returns the lane's key from a transaction that has read it because it
// did not succeed, nil if there was none.
func (l *lane) found(txn *clientv3.TxnResponse) (*mvccpb.KeyValue, error) {
	if txn == nil || len(txn.Responses) != 1 || txn.Succeeded && txn.Header.GetRevision() <= l.rev {
		return nil, errAnswer
	}
	read := txn.Responses[0].GetResponseRange()
	if txn.Succeeded {
		return nil, nil
	}
	kvs := read.GetKvs()
	switch {
	case read == nil || len(kvs) > 1:
		return nil, errAnswer
	case len(kvs) == 0:
		return nil, nil
	case string(kvs[0].GetKey()) != l.key() || kvs[0].GetModRevision() <= l.rev:
		return nil, errAnswer
	}
	return kvs[0], nil
}

// write carries out ops. The error wraps errExpired if the fence is gone, and
// nothing was written then unless it is an [*Unknown].
func (l *lane) write(ctx context.Context, ops []clientv3.Op) (Result, error) {
	f := l.fence
	for {
		begun := time.Now()
		result, err := l.send(ctx, ops)
		if err == nil {
			f.Retry.Succeeded()
			return result, nil
		}
		if errors.Is(err, errExpired) {
			return Result{}, err
		}
		lost := retry.Transient(err)
		l.unsettled = lost || !refusedAtOnce(err)
		end := f.Retry.Failed(ctx, begun, err)
		switch {
		case end != nil && (lost || errors.Is(err, errAnswer)):
			return Result{}, &Unknown{Err: end, Since: l.rev}
		case end != nil:
			return Result{}, end
		}
		since := l.rev
		applied, err := l.settle(ctx)
		switch {
		case errors.Is(err, errExpired):
			return Result{}, &Unknown{Err: err, Over: true, Since: since}
		case err != nil:
			return Result{}, &Unknown{Err: err, Since: since}
		case applied:
			return Result{Revision: l.rev, Fenced: true}, nil
		}
	}
}

// refusedAtOnce reports whether a server refuses a request with err before it
// looks at the keys, so that nothing is left to settle.
func refusedAtOnce(err error) bool {
	return errors.Is(err, rpctypes.ErrTooManyOps) || errors.Is(err, rpctypes.ErrRequestTooLarge) ||
		errors.Is(err, rpctypes.ErrEmptyKey) || errors.Is(err, rpctypes.ErrPermissionDenied) || retry.MessageTooLarge(err)
}

// send sends one copy of a transaction.
func (l *lane) send(ctx context.Context, ops []clientv3.Op) (Result, error) {
	l.sent++
	then := append([]clientv3.Op{l.mark(l.applied())}, ops...)
	resp, err := l.fence.do(ctx, clientv3.OpTxn(l.unchanged(), then, l.look()))
	if err != nil {
		return Result{}, err
	}
	txn := resp.Txn()
	if txn == nil || !txn.Succeeded {
		kv, err := l.found(txn)
		if err == nil && kv == nil {
			return Result{}, errExpired
		}
		return Result{}, errAnswer // no other client changes the key
	}
	if rev := txn.Header.GetRevision(); rev <= l.rev || len(txn.Responses) != len(then) || verify(ops, txn.Responses[1:]) != nil {
		return Result{}, errAnswer
	}
	l.rev = txn.Header.GetRevision()
	return Result{Responses: txn.Responses[1:], Revision: l.rev, Fenced: true}, nil
}

// verify returns an error unless there is an answer to each operation, of its
// kind.
func verify(ops []clientv3.Op, answers []*pb.ResponseOp) error {
	if len(answers) != len(ops) {
		return errAnswer
	}
	for i, op := range ops {
		a, fits := answers[i], false
		switch {
		case op.IsPut():
			fits = a.GetResponsePut() != nil
		case op.IsDelete():
			fits = a.GetResponseDeleteRange() != nil
		case op.IsGet():
			fits = a.GetResponseRange() != nil && readKey(op, a.GetResponseRange())
		case op.IsTxn():
			_, then, other := op.Txn()
			if txn := a.GetResponseTxn(); txn != nil {
				if !txn.GetSucceeded() {
					then = other
				}
				fits = verify(then, txn.GetResponses()) == nil
			}
		}
		if !fits {
			return errAnswer
		}
	}
	return nil
}

// readKey reports whether the answer to a read of one key has that key or none.
func readKey(op clientv3.Op, read *pb.RangeResponse) bool {
	for _, kv := range read.GetKvs() {
		if !bytes.Equal(kv.GetKey(), op.KeyBytes()) {
			return false
		}
	}
	return len(read.GetKvs()) <= 1
}
