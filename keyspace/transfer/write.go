package transfer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/keyspace/fence"
)

// tries is how often a batch is checked again because another client has
// changed one of its keys, or a lease has ended, before it was written.
const tries = 10

// write makes v3's keys equal to the pairs, and records its progress.
func (t *Transfer) write(ctx context.Context, pairs []Pair) error {
	return each(ctx, batches(pairs), func(ctx context.Context, batch []Pair) error {
		return t.inHalves(ctx, batch, t.put)
	}, t.resume.reached)
}

// put checks the keys of a batch and writes those that differ, in one
// transaction, which fails if one of them has changed since the check.
func (t *Transfer) put(ctx context.Context, pairs []Pair) error {
	tried := make(map[string]bool) // keys that an earlier try was to write
	for range tries {
		found, err := t.find(ctx, pairs)
		if err != nil {
			return err
		}
		b := batch{t: t, tried: tried}
		for i, p := range pairs {
			if err := b.add(ctx, p, found[i]); err != nil {
				return err
			}
		}
		done, err := b.commit(ctx, pairs[0].Key)
		switch {
		case err == nil && done:
			t.count(b.tally)
			return nil
		case errors.Is(err, rpctypes.ErrLeaseNotFound):
			t.leases.forget()
		case len(pairs) == 1 && tooMuch(err):
			t.count(func(s *Summary) { s.Failed++; t.refused[pairs[0].From] = true })
			t.note("Not copied: %q, of %d bytes, is larger than v3 takes (the server's --max-request-bytes)", pairs[0].From, pairs[0].size())
			return nil
		case err != nil:
			return err
		}
	}
	return fmt.Errorf("%q and what follows changes in v3 while it is written", pairs[0].Key)
}

// batch is a transaction in the making.
type batch struct {
	t     *Transfer
	tried map[string]bool

	unchanged []clientv3.Cmp
	ops       []clientv3.Op

	written, equal, skipped, expired, conflicts int
}

// add adds a pair for which v3 has kv.
func (b *batch) add(ctx context.Context, p Pair, kv *mvccpb.KeyValue) error {
	how, err := b.t.compare(ctx, p, kv)
	if err != nil {
		return err
	}
	if how == different {
		b.conflicts++
	}
	switch {
	case how == equal && b.tried[p.Key]: // it was written, though the answer was lost
		b.written++
		return nil
	case how == equal:
		b.equal++
		return nil
	case how == different && b.t.Mode != Overwrite:
		b.skipped++
		return nil
	case !p.Until.IsZero() && !time.Now().Before(p.Until):
		b.expired++
		return nil
	}
	lease := clientv3.NoLease
	if !p.Until.IsZero() {
		if lease, err = b.t.leases.until(ctx, p.Until); err != nil {
			return err
		}
	}
	b.tried[p.Key] = true
	b.unchanged = append(b.unchanged, clientv3.Compare(clientv3.ModRevision(p.Key), "=", kv.GetModRevision()))
	b.ops = append(b.ops, clientv3.OpPut(p.Key, p.Value, clientv3.WithLease(lease)))
	return nil
}

// commit writes, and reports whether the write is certain: it is not if a key
// has changed, or if the answer was lost, and then the keys have to be checked
// again.
func (b *batch) commit(ctx context.Context, key string) (done bool, err error) {
	if len(b.ops) == 0 {
		return true, nil
	}
	result, err := b.t.fence.Write(ctx, []byte(key), clientv3.OpTxn(b.unchanged, b.ops, nil))
	unknown := (*fence.Unknown)(nil)
	switch {
	case errors.As(err, &unknown) && unknown.Over:
		return false, nil
	case errors.As(err, &unknown):
		keys := slices.Sorted(maps.Keys(b.tried))
		b.t.note("It is not known whether these %d keys were written to v3: %q to %q", len(keys), keys[0], keys[len(keys)-1])
		return false, err
	case err != nil || result.Responses == nil:
		return false, err
	}
	return result.Responses[0].GetResponseTxn().GetSucceeded(), nil
}

// tally counts the outcomes of the pairs.
func (b *batch) tally(s *Summary) {
	s.Written += b.written + len(b.ops)
	s.Equal += b.equal
	s.Skipped += b.skipped
	s.Expired += b.expired
	s.Conflicts += b.conflicts
}
