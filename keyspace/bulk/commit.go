package bulk

import (
	"context"
	"errors"
	"sync"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/keyspace/fence"
	"etcdkit/keyspace/retry"
)

// Leases finds the cluster's leases for those that changes name.
type Leases interface {
	// Of returns the lease to use for id, and grants it if it does not exist.
	Of(ctx context.Context, id int64) (clientv3.LeaseID, error)
	// Gone reports that at least one of the leases returned for the ids no
	// longer exists, so that the next Of for it grants another.
	Gone(ctx context.Context, ids []int64) error
}

// Committer commits changes in transactions. It may be used from several
// goroutines; its fields are set before.
type Committer struct {
	Fence  *fence.Fence    // carries out the writes; the caller closes it
	Limits Limits          // of one transaction
	Leases Leases          // nil where no change has a lease
	Mode   Mode            // how to treat keys that already exist
	Done   func(Committed) // called for each transaction, from any goroutine; may be nil
	// Refused is called with each change that the cluster rejects, and returns
	// nil to continue with the others. If it is nil, the error ends the commit,
	// and the rejected change is not singled out.
	Refused func(Change, error) error
	// Unknown is called with changes of which it is not known whether they were
	// made, before Commit returns the error; may be nil.
	Unknown func([]Change)

	mu      sync.Mutex
	learned Limits // limits learned from the server's refusals
}

// Batch returns an empty batch within the committer's limits.
func (c *Committer) Batch() *Batch {
	return &Batch{limits: c.allowed(), keys: make(map[string]struct{})}
}

// allowed returns the limits, as lowered by what the server has refused.
func (c *Committer) allowed() Limits {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := Limits{Ops: smaller(c.Limits.Ops, c.learned.Ops), Bytes: smaller(c.Limits.Bytes, c.learned.Bytes)}
	if l.Bytes == 0 {
		l.Bytes = DefaultBytes
	}
	if l.Ops > 0 {
		l.Ops = max(1, l.Ops-c.Mode.frame())
	}
	return l
}

// Commit commits the changes, of which no two may be of one key, in a single
// transaction; where the server refuses that as too large, in several, one
// after another. When it returns without an error, each of them was made once,
// and nothing of it is under way any more; see package fence.
//
// When ctx ends, a transaction that is on its way is still waited for.
func (c *Committer) Commit(ctx context.Context, changes []Change) error {
	for len(changes) > 0 {
		n := c.fit(changes)
		err := c.commit(ctx, changes[:n])
		switch {
		case err == nil:
		case n > 1 && c.shrink(changes[:n], err):
			continue
		case c.Refused == nil || !refusal(err):
			return err
		case n > 1:
			if err := c.halve(ctx, changes[:n]); err != nil {
				return err
			}
		default:
			if err := c.Refused(changes[0], err); err != nil {
				return err
			}
		}
		changes = changes[n:]
	}
	return nil
}

// halve commits changes of which at least one is refused, splitting them until
// the refused change is alone. Changes before it are committed first.
func (c *Committer) halve(ctx context.Context, changes []Change) error {
	half := len(changes) / 2
	if err := c.Commit(ctx, changes[:half]); err != nil {
		return err
	}
	return c.Commit(ctx, changes[half:])
}

// refusal reports whether err is caused by the contents of a change.
func refusal(err error) bool {
	return errors.Is(err, rpctypes.ErrPermissionDenied) || errors.Is(err, rpctypes.ErrEmptyKey) ||
		errors.Is(err, ErrPresent) || tooLarge(err)
}

// fit returns how many of the changes go into the next transaction.
func (c *Committer) fit(changes []Change) int {
	limits, bytes, guard := c.allowed(), 0, 0
	for i, change := range changes {
		bytes += change.size()
		guard = max(guard, change.guard())
		if i > 0 && !limits.allow(i+1+guard, bytes) {
			return i
		}
	}
	return len(changes)
}

// shrink lowers the limits after a transaction was refused, and reports whether
// its size was the reason.
func (c *Committer) shrink(refused []Change, err error) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case errors.Is(err, rpctypes.ErrTooManyOps):
		c.learned.Ops = smaller(c.learned.Ops, len(refused)/2+c.Mode.frame())
	case tooLarge(err):
		bytes := 0
		for _, change := range refused {
			bytes += change.size()
		}
		c.learned.Bytes = smaller(c.learned.Bytes, bytes/2)
	default:
		return false
	}
	return true
}

// smaller returns the smaller of two limits, of which 0 is none.
func smaller(a, b int) int {
	if a <= 0 || b <= 0 {
		return max(a, b)
	}
	return min(a, b)
}

// tooLarge reports whether a request has too many bytes, by the limit of the
// server or of either end of the connection.
func tooLarge(err error) bool {
	return errors.Is(err, rpctypes.ErrRequestTooLarge) || retry.MessageTooLarge(err)
}

// leaseTries is how often a transaction is made again because leases had ended
// in the time between their making and their use.
const leaseTries = 10

// commit commits the changes in one transaction.
func (c *Committer) commit(ctx context.Context, changes []Change) error {
	for try := 1; ; try++ {
		ops, ids, err := c.ops(ctx, changes)
		if err != nil {
			return err
		}
		result, err := c.send(ctx, changes, c.Mode.request(changes, ops))
		unknown := (*fence.Unknown)(nil)
		switch {
		case err == nil:
			return c.done(ctx, changes, result)
		case errors.As(err, &unknown):
			changes, err = c.missing(ctx, changes, unknown)
			if err != nil || len(changes) == 0 {
				return err
			}
			continue
		case len(ids) == 0 || !errors.Is(err, rpctypes.ErrLeaseNotFound) || try == leaseTries:
			return err
		}
		if err := c.Leases.Gone(ctx, ids); err != nil {
			return err
		}
	}
}

// send sends the request for the changes. One that only reads is sent again
// until it is answered.
func (c *Committer) send(ctx context.Context, changes []Change, ops []clientv3.Op) (fence.Result, error) {
	if c.Mode == Look {
		return c.Fence.Read(ctx, ops...)
	}
	result, err := c.Fence.Write(ctx, changes[0].key, ops...)
	if len(changes) == 1 && (tooLarge(err) || errors.Is(err, rpctypes.ErrTooManyOps)) {
		// It may fit without the fence's part of the request.
		return c.Fence.Once(ctx, ops...)
	}
	return result, err
}

// ops returns an operation for each change, and the leases, in their terms,
// that these use.
func (c *Committer) ops(ctx context.Context, changes []Change) ([]clientv3.Op, []int64, error) {
	ops := make([]clientv3.Op, len(changes))
	var ids []int64
	for i, change := range changes {
		var lease clientv3.LeaseID
		if change.lease != 0 && c.Leases != nil && c.Mode != Look {
			id, err := c.Leases.Of(ctx, change.lease)
			if err != nil {
				return nil, nil, err
			}
			lease, ids = id, append(ids, change.lease)
		}
		ops[i] = change.op(lease)
	}
	return ops, ids, nil
}
