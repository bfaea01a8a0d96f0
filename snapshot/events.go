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
// Its memory is a few buffers. What it yields is the caller's.
func (f *File) Events(ctx context.Context, from, to int64, r Range) iter.Seq2[*mvccpb.Event, error] {
	return func(yield func(*mvccpb.Event, error) bool) {
		stopped := false
		err := f.changes(ctx, from, to, func(rev Revision, kv record, _ *bolt.Cursor) (bool, error) {
			if !r.has(kv.key) {
				return true, nil
			}
			stopped = !yield(event(rev, kv, r), nil)
			return !stopped, nil
		})
		if err == nil && !stopped {
			err = f.Unchanged()
		}
		if err != nil {
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
			return err
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
