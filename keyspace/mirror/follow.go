package mirror

import (
	"context"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/keyspace/bulk"
	"etcdkit/keyspace/fence/fencekey"
)

// follow applies at the destination the events of the source after a revision.
// It returns the last revision up to which all were applied.
func (m *Mirror) follow(ctx context.Context, after int64) (int64, error) {
	f := &following{Mirror: m, batch: m.commits.Batch(), done: after, ask: askPause}
	if m.Once {
		end, _, err := m.now(ctx)
		if err != nil || end <= after {
			return after, err
		}
		f.end, f.ask = end, askPauseOnce
	}
	watching, stop := context.WithCancel(ctx)
	t := &tail{client: m.source, retry: m.sourceRetry, span: prefixSpan(m.Prefix), ask: f.ask, out: make(chan update, maxUpdates)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		t.run(watching, after)
	}()
	err := f.run(ctx, t.out)
	stop()
	<-ended
	return f.done, err
}

// following is the state of a mirror that follows.
type following struct {
	*Mirror
	ask   time.Duration
	end   int64 // 0: none
	batch *bulk.Batch
	last  int64 // the revision of the batch's last change
	done  int64 // all up to this revision is made
}

// quietTicks is how many ticks without an update end the fence, so that a quiet
// mirror leaves nothing at the destination that the source does not have.
const quietTicks = 4

// run makes updates until ctx ends, an update says why there are no more, or
// the end is reached.
func (f *following) run(ctx context.Context, updates <-chan update) error {
	tick := time.NewTicker(leaseTick)
	defer tick.Stop()
	quiet := 0
	for f.end == 0 || f.done < f.end {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
			if err := f.rewriteLost(ctx); err != nil {
				return err
			}
			if quiet++; quiet == quietTicks {
				f.fence.Close(ctx)
			}
		case u, ok := <-updates:
			if !ok {
				return context.Cause(ctx)
			}
			quiet = 0
			if err := f.add(ctx, u); err != nil {
				return err
			}
			if len(updates) > 0 {
				continue // more to put into the same transaction
			}
			if err := f.commit(ctx); err != nil {
				return err
			}
			f.done = max(f.done, u.upTo)
		}
	}
	return f.rewriteLost(ctx)
}

// add adds the events of an update to the batch, those of one revision
// together, and commits the batch when it is full.
func (f *following) add(ctx context.Context, u update) error {
	if u.err != nil {
		if err := f.commit(ctx); err != nil {
			return err
		}
		return u.err
	}
	for events := u.events; len(events) > 0; {
		rev, n := events[0].Kv.GetModRevision(), 1
		for n < len(events) && events[n].Kv.GetModRevision() == rev {
			n++
		}
		changes, err := f.changes(events[:n])
		if err != nil {
			return err
		}
		if !f.batch.Add(changes...) {
			if err := f.commit(ctx); err != nil {
				return err
			}
			f.batch.Add(changes...)
		}
		f.last, events = rev, events[n:]
	}
	return nil
}

// changes returns the changes to the destination for the events, without those
// of fences.
func (m *Mirror) changes(events []*clientv3.Event) ([]bulk.Change, error) {
	changes := make([]bulk.Change, 0, len(events))
	for _, e := range events {
		if fencekey.Is(e.Kv) {
			continue
		}
		c, err := m.change(e.Kv)
		if err != nil {
			return nil, err
		}
		if e.Type == mvccpb.Event_DELETE {
			c = bulk.Delete(c.Key())
		}
		changes = append(changes, c)
	}
	return changes, nil
}

func (f *following) commit(ctx context.Context) error {
	if f.batch.Len() == 0 {
		return nil
	}
	if err := f.commits.Commit(ctx, f.batch.Take()); err != nil {
		return err
	}
	f.done = max(f.done, f.last)
	return nil
}

// rewriteLost writes the keys again that went with a lease at the destination
// that had ended before that of the source. It is called where nothing older is
// under way, as it writes the keys as they are now.
func (m *Mirror) rewriteLost(ctx context.Context) error {
	for id := range m.leases.takeLost() {
		keys, err := m.attached(ctx, id)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			m.note("Keys of lease %016x may be missing at the destination: %v", id, err)
			continue
		}
		for _, key := range keys {
			if err := m.rewrite(ctx, key, id); err != nil {
				return err
			}
		}
	}
	return nil
}

// attached returns the keys of a lease of the source that are mirrored.
func (m *Mirror) attached(ctx context.Context, id int64) (keys []string, err error) {
	err = m.sourceRetry.Do(ctx, func(ctx context.Context) error {
		resp, err := m.source.TimeToLive(ctx, clientv3.LeaseID(id), clientv3.WithAttachedKeys())
		if err != nil {
			return err
		}
		keys = keys[:0]
		for _, key := range resp.Keys {
			if len(key) >= len(m.Prefix) && string(key[:len(m.Prefix)]) == m.Prefix {
				keys = append(keys, string(key))
			}
		}
		return nil
	})
	return keys, err
}

// rewrite writes one key at its current value, if it still has the lease.
func (m *Mirror) rewrite(ctx context.Context, key string, lease int64) error {
	var kvs []*mvccpb.KeyValue
	err := m.sourceRetry.Do(ctx, func(ctx context.Context) error {
		resp, err := m.source.Get(ctx, key)
		if err == nil {
			kvs = resp.Kvs
		}
		return err
	})
	if err != nil || len(kvs) == 0 || kvs[0].GetLease() != lease {
		return err
	}
	c, err := m.change(kvs[0])
	if err != nil {
		return err
	}
	return m.commits.Commit(ctx, []bulk.Change{c})
}
