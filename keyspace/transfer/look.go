package transfer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// standing is the state of a key of v3 compared with that of v2.
type standing int

const (
	absent    standing = iota // it does not exist
	equal                     // it has the same value and remaining time
	different                 // it differs
)

// ErrConflict is the error of keys that v3 has otherwise than v2.
var ErrConflict = errors.New("with another value or time to live")

// shownConflicts is how many keys are named one by one.
const shownConflicts = 10

// look checks the keys of v3 before anything is written, if that is requested.
func (t *Transfer) look(ctx context.Context, pairs []Pair) error {
	if t.Mode != Fail && !t.DryRun {
		return nil
	}
	err := t.compareAll(ctx, pairs, t.wouldBecome)
	if n := t.sum.Conflicts; err == nil && n > 0 && t.Mode == Fail {
		return fmt.Errorf("v3 has %d of the keys already %w: --on-conflict says what to do with them; nothing was written", n, ErrConflict)
	}
	return err
}

// compareAll compares pairs with v3's keys, and calls f with each result, one at a
// time.
func (t *Transfer) compareAll(ctx context.Context, pairs []Pair, f func(Pair, standing)) error {
	batch := func(ctx context.Context, pairs []Pair) error {
		found, err := t.find(ctx, pairs)
		if err != nil {
			return err
		}
		for i, p := range pairs {
			how, err := t.compare(ctx, p, found[i])
			if err != nil {
				return err
			}
			t.mu.Lock()
			f(p, how)
			t.mu.Unlock()
		}
		return nil
	}
	return each(ctx, batches(pairs), func(ctx context.Context, pairs []Pair) error { return t.inHalves(ctx, pairs, batch) }, func(Pair) {})
}

// wouldBecome counts a pair of a dry run, and names it if it is in conflict.
func (t *Transfer) wouldBecome(p Pair, how standing) {
	s := &t.sum
	if how == different {
		s.Conflicts++
		if s.Conflicts <= shownConflicts {
			t.note("Conflict: v3 has %q already %v", p.Key, ErrConflict)
		}
	}
	switch {
	case !t.DryRun:
	case how == equal:
		s.Equal++
	case how == different && t.Mode == Skip:
		s.Skipped++
	case how == different && t.Mode == Fail:
	default:
		s.Written++
	}
}

// find returns v3's values of the pairs' keys, nil for missing ones.
func (t *Transfer) find(ctx context.Context, pairs []Pair) ([]*mvccpb.KeyValue, error) {
	ops := make([]clientv3.Op, len(pairs))
	for i, p := range pairs {
		ops[i] = clientv3.OpGet(p.Key)
	}
	result, err := t.fence.Read(ctx, ops...)
	if err != nil {
		return nil, err
	}
	found := make([]*mvccpb.KeyValue, len(pairs))
	for i, r := range result.Responses {
		if kvs := r.GetResponseRange().GetKvs(); len(kvs) > 0 {
			found[i] = kvs[0]
		}
	}
	return found, nil
}

// compare compares a key of v3 with the pair.
func (t *Transfer) compare(ctx context.Context, p Pair, kv *mvccpb.KeyValue) (standing, error) {
	switch {
	case kv == nil:
		return absent, nil
	case string(kv.GetValue()) != p.Value, p.Until.IsZero() != (kv.GetLease() == 0):
		return different, nil
	case p.Until.IsZero():
		return equal, nil
	}
	end, err := t.leases.end(ctx, clientv3.LeaseID(kv.GetLease()))
	if err != nil || !near(end, p.Until) {
		return different, err
	}
	return equal, nil
}

// near reports whether two times are about the same; a zero time means never.
func near(a, b time.Time) bool {
	if a.IsZero() || b.IsZero() {
		return a.IsZero() == b.IsZero()
	}
	return a.Sub(b).Abs() <= soon
}

// inHalves calls f for the pairs, and for each half if v3 rejects some of them,
// until the rejected pair is alone.
func (t *Transfer) inHalves(ctx context.Context, pairs []Pair, f func(context.Context, []Pair) error) error {
	err := f(ctx, pairs)
	switch {
	case err == nil:
		return nil
	case len(pairs) > 1 && (tooMuch(err) || errors.Is(err, rpctypes.ErrPermissionDenied)):
		half := len(pairs) / 2
		if err := t.inHalves(ctx, pairs[:half], f); err != nil {
			return err
		}
		return t.inHalves(ctx, pairs[half:], f)
	case errors.Is(err, rpctypes.ErrPermissionDenied):
		return fmt.Errorf("key %q: %w", pairs[0].Key, err)
	}
	return err
}

// tooMuch reports whether a request was too large, by its operations, by the
// server's limit in bytes, or by that of the connection.
func tooMuch(err error) bool {
	if errors.Is(err, rpctypes.ErrTooManyOps) || errors.Is(err, rpctypes.ErrRequestTooLarge) {
		return true
	}
	var refusal rpctypes.EtcdError
	return !errors.As(err, &refusal) && status.Code(err) == codes.ResourceExhausted
}
