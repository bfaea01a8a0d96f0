package mirror

import (
	"context"
	"errors"
	"iter"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/keyspace"
	"etcdkit/keyspace/bulk"
)

const (
	// copyInFlight is how many transactions a copy has under way: enough that
	// the destination always has a next one.
	copyInFlight = 8
	// copyTries is how often a copy is restarted because its revision was
	// compacted before its end.
	copyTries = 5
)

// copyAll copies all keys as they are at one revision, which it returns.
func (m *Mirror) copyAll(ctx context.Context) (int64, error) {
	for try := 1; ; try++ {
		rev, count, err := m.now(ctx)
		if err != nil {
			return 0, err
		}
		err = m.copyAt(ctx, rev, count)
		if err == nil {
			return rev, m.rewriteLost(ctx)
		}
		if !errors.Is(err, rpctypes.ErrCompacted) || try == copyTries {
			return 0, err
		}
		m.note("Revision %d was compacted away before all of it was copied; copying again", rev)
	}
}

// now returns the source's revision, and how many keys there are to mirror.
func (m *Mirror) now(ctx context.Context) (rev, count int64, err error) {
	keys := prefixSpan(m.Prefix)
	err = m.sourceRetry.Do(ctx, func(ctx context.Context) error {
		resp, err := m.source.Get(ctx, keys.key, clientv3.WithRange(keys.end), clientv3.WithCountOnly())
		if err == nil {
			rev, count = resp.Header.GetRevision(), resp.Count
		}
		return err
	})
	return rev, count, err
}

// copyAt copies the keys at a revision, of which there are count.
func (m *Mirror) copyAt(ctx context.Context, rev, count int64) error {
	keys := prefixSpan(m.Prefix)
	source := m.parts(ctx, m.source, m.sourceRetry, keyspace.Range{Key: keys.key, End: keys.end, Rev: rev})
	extra, stop := m.extras(ctx)
	defer stop()
	w := bulk.NewWriter(ctx, m.commits, copyInFlight)
	err := m.copyParts(w, source, extra, count)
	if failed := w.Close(); failed != nil {
		return failed
	}
	return err
}

// extras finds the keys that a copy has to delete: with the option to delete,
// every key that the source lacks, and otherwise the keys that the mirror
// itself has written and the source no longer has. Keys written by others stay.
func (m *Mirror) extras(ctx context.Context) (found *extras, stop func()) {
	extra := func(kv *mvccpb.KeyValue) bool { return m.ours.has(kv.GetModRevision()) }
	switch {
	case m.DeleteExtra:
		extra = func(*mvccpb.KeyValue) bool { return true }
	case m.ours.none():
		return &extras{}, func() {}
	}
	keys := prefixSpan(m.DestPrefix)
	next, stop := iter.Pull2(m.parts(ctx, m.dest, m.destRetry, keyspace.Range{Key: keys.key, End: keys.end, KeysOnly: true}))
	return &extras{next: next, extra: extra}, stop
}

// copyParts copies the pairs of the source, and deletes the extra keys between
// them.
func (m *Mirror) copyParts(w *bulk.Writer, source iter.Seq2[[]*mvccpb.KeyValue, error], extra *extras, count int64) error {
	// The list of extra keys is of one revision; keys written by others since
	// then stay.
	remove := func(kv *mvccpb.KeyValue) error { return w.Add(bulk.DeleteAt(kv.GetKey(), kv.GetModRevision())) }
	done := int64(0)
	for kvs, err := range source {
		if err != nil {
			return err
		}
		for _, kv := range kvs {
			c, err := m.change(kv)
			if err != nil {
				return err
			}
			if err := extra.before(c.Key(), remove); err != nil {
				return err
			}
			if err := w.Add(c); err != nil {
				return err
			}
		}
		done += int64(len(kvs))
		if m.Copied != nil {
			m.Copied(done, count)
		}
	}
	return extra.before(nil, remove)
}
