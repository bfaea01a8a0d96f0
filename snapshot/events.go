package snapshot

import (
	"bytes"
	"context"
	"iter"

	"go.etcd.io/etcd/api/v3/mvccpb"

	"etcdkit/snapshot/bolt"
)

// Range is the keys from From up to but not including Below.
type Range struct {
	From  []byte
	Below []byte // nil is no limit
	// KeysOnly leaves the values out, which then are not read.
	KeysOnly bool
	// SizesOnly makes values that are not read: zeros, as many as a value has bytes.
	// They are shared.
	SizesOnly bool
	// PrevKV adds to events the pair before each, as a server does: not to that
	// of a new key, and not at the oldest revision that can be read.
	PrevKV bool
}

func (r Range) has(key []byte) bool {
	return bytes.Compare(key, r.From) >= 0 && (r.Below == nil || bytes.Compare(key, r.Below) < 0)
}

// single reports whether From is the only key that the range can have.
func (r Range) single() bool {
	n := len(r.From)
	return len(r.Below) == n+1 && r.Below[n] == 0 && bytes.Equal(r.Below[:n], r.From)
}

// Events yields the changes of a range of keys from one revision to another,
// both included, in their order, as a watch gets them: a deletion has the key
// and the revision alone. from 0 is the first revision that is left, to 0 the
// latest one. An error ends the events: ErrCompacted or ErrFutureRevision if the
// file does not have the revisions, ErrChanged if it was written to meanwhile.
//
// Its memory is a few buffers. With PrevKV it reads from the beginning, and keeps
// for each live key of the range where its last change is, in some 60 bytes: the
// records of a key are not next to each other. What it yields is the caller's.
func (f *File) Events(ctx context.Context, from, to int64, r Range) iter.Seq2[*mvccpb.Event, error] {
	return func(yield func(*mvccpb.Event, error) bool) {
		stopped := false
		before, err := f.previous(ctx, from, r)
		if err == nil {
			err = f.changes(ctx, before.from, to, func(rev Revision, kv record, c *bolt.Cursor) (bool, error) {
				if !r.has(kv.key) {
					return true, nil
				}
				prev, err := before.take(rev, kv, c)
				if err != nil || rev.Main < from {
					return err == nil, err
				}
				e := event(rev, kv, r)
				e.PrevKv = prev
				stopped = !yield(e, nil)
				return !stopped, nil
			})
		}
		if err == nil && !stopped {
			err = f.Unchanged()
		}
		if err != nil && !stopped {
			yield(nil, err)
		}
	}
}

// changes calls use for each record from one revision to another until it
// returns false. The record is valid during the call.
func (f *File) changes(ctx context.Context, from, to int64, use func(Revision, record, *bolt.Cursor) (bool, error)) error {
	b, head, err := f.history(ctx)
	if err != nil {
		return err
	}
	if to, err = head.at(to); err != nil {
		return err
	}
	if from > head.Revision {
		return ErrFutureRevision
	}
	if from > 0 && from < head.CompactRevision {
		return ErrCompacted
	}
	c := b.CursorFrom(ctx, Revision{Main: from}.AppendKey(nil))
	for c.Next() {
		rev, kv, err := parseElement(c)
		if err != nil {
			if err = f.forgive(err); err != nil {
				return err
			}
			continue
		}
		if rev.Main > to {
			return nil
		}
		if rev.Main < from || len(c.Value()) == 0 { // an empty one is made by restoring with --bump-revision
			continue
		}
		if more, err := use(rev, kv, c); err != nil || !more {
			return err
		}
	}
	return bolt.InBucket(c.Err(), KeyBucket)
}

func event(rev Revision, kv record, r Range) *mvccpb.Event {
	e := &mvccpb.Event{Type: mvccpb.Event_PUT}
	if rev.Tombstone {
		e.Type = mvccpb.Event_DELETE
		e.Kv = &mvccpb.KeyValue{Key: bytes.Clone(kv.key), ModRevision: rev.Main}
		return e
	}
	e.Kv = &mvccpb.KeyValue{
		Key: bytes.Clone(kv.key), CreateRevision: kv.create, ModRevision: kv.mod, Version: kv.version, Lease: kv.lease,
	}
	if !r.KeysOnly {
		e.Kv.Value = bytes.Clone(kv.value)
	}
	return e
}

// previous finds the pairs before events.
type previous struct {
	from      int64 // where to begin reading
	wanted    int64 // pairs are looked up for events from this revision on
	compacted int64
	keys      keyHasher
	last      map[keyHash]spot // nil if no pairs are wanted
	values    *values
}

// previous returns what finds the pairs before the events from a revision on.
func (f *File) previous(ctx context.Context, from int64, r Range) (previous, error) {
	p := previous{from: from, wanted: from}
	if !r.PrevKV {
		return p, nil
	}
	head, err := f.Head(ctx)
	switch {
	case err != nil:
		return p, err
	case from > head.Revision:
		return p, ErrFutureRevision
	case from > 0 && from < head.CompactRevision:
		return p, ErrCompacted
	}
	p.from, p.compacted, p.keys, p.last = 0, head.CompactRevision, newKeyHasher(), map[keyHash]spot{}
	p.values, err = f.values(ctx)
	return p, err
}

// take notes a change, and returns the pair before it if it is wanted.
func (p previous) take(rev Revision, kv record, c *bolt.Cursor) (*mvccpb.KeyValue, error) {
	if p.last == nil {
		return nil, nil
	}
	key := p.keys.hash(kv.key)
	at, ok := p.last[key]
	if rev.Tombstone {
		delete(p.last, key)
	} else {
		place := c.Place()
		p.last[key] = spot{page: place.Page, element: place.Element, rev: rev, create: kv.create, version: kv.version, lease: kv.lease}
	}
	if !ok || rev.Main < p.wanted || rev.Main <= p.compacted || !rev.Tombstone && kv.create == kv.mod {
		return nil, nil
	}
	value, err := p.values.at(kv.key, at)
	return &mvccpb.KeyValue{
		Key: bytes.Clone(kv.key), CreateRevision: at.create, ModRevision: at.rev.Main, Version: at.version, Lease: at.lease, Value: value,
	}, err
}
