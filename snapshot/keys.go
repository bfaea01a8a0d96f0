package snapshot

import (
	"bytes"
	"context"
	"errors"
	"iter"

	"go.etcd.io/etcd/api/v3/mvccpb"

	"etcdkit/snapshot/bolt"
)

// checkEvery is the number of keys between two looks at the context.
const checkEvery = 64

// Keys yields the keys of a range as they were at a revision, or at the latest
// one for 0, in the order of their names, with their leases. An error ends them:
// ErrCompacted or ErrFutureRevision if the file does not have the revision,
// ErrChanged if it was written to meanwhile.
//
// The key bucket is in the order of revisions, so this sorts: it reads all
// changes up to the revision and notes where the last one of each key is. Its
// memory is bounded by about 48 MiB; what does not fit goes, sorted, to an
// unlinked file in TMPDIR, which takes the names of the keys and some 40 bytes
// for each, not their values. A single key is found by reading the changes
// backward instead. What it yields is the caller's.
func (f *File) Keys(ctx context.Context, rev int64, r Range) iter.Seq2[*mvccpb.KeyValue, error] {
	if r.single() {
		return f.key(ctx, rev, r)
	}
	return f.keys(ctx, rev, r, sortBudget)
}

// key yields the only key that a range can have.
func (f *File) key(ctx context.Context, rev int64, r Range) iter.Seq2[*mvccpb.KeyValue, error] {
	return func(yield func(*mvccpb.KeyValue, error) bool) {
		kv, err := f.find(ctx, rev, r.From)
		if kv == nil && err == nil {
			return
		}
		if r.KeysOnly && kv != nil {
			kv.Value = nil
		}
		yield(kv, err)
	}
}

func (f *File) keys(ctx context.Context, rev int64, r Range, budget int) iter.Seq2[*mvccpb.KeyValue, error] {
	return func(yield func(*mvccpb.KeyValue, error) bool) {
		stopped := false
		err := f.sorted(ctx, rev, r, budget, func(kv *mvccpb.KeyValue) bool {
			stopped = !yield(kv, nil)
			return !stopped
		})
		if err == nil && !stopped {
			err = f.Unchanged()
		}
		if err != nil && !stopped {
			yield(nil, err)
		}
	}
}

// sorted hands the live keys of a range to use, until that returns false.
func (f *File) sorted(ctx context.Context, rev int64, r Range, budget int, use func(*mvccpb.KeyValue) bool) (err error) {
	s := newSorter(budget, f.data)
	defer func() { err = errors.Join(err, s.close()) }()
	err = f.changes(ctx, 0, rev, func(at Revision, kv record, c *bolt.Cursor) (bool, error) {
		if !r.has(kv.key) {
			return true, nil
		}
		place := c.Place()
		return true, s.add(kv.key, spot{page: place.Page, element: place.Element, rev: at, create: kv.create, version: kv.version, lease: kv.lease, size: len(kv.value)})
	})
	if err != nil {
		return err
	}
	v, err := f.values(ctx)
	if err != nil {
		return err
	}
	n, blank := 0, zeros(nil)
	return s.each(func(key []byte, at spot) (bool, error) {
		if n++; n%checkEvery == 0 {
			if err := canceled(ctx); err != nil {
				return false, err
			}
		}
		kv := &mvccpb.KeyValue{Key: bytes.Clone(key), CreateRevision: at.create, ModRevision: at.rev.Main, Version: at.version, Lease: at.lease}
		switch {
		case r.KeysOnly:
		case r.SizesOnly:
			kv.Value = blank.of(at.size)
		default:
			var err error
			if kv.Value, err = v.at(key, at); err != nil {
				return true, f.forgive(err)
			}
		}
		return use(kv), nil
	})
}

// values reads single values again.
type values struct{ records *bolt.Reader }

func (f *File) values(ctx context.Context) (*values, error) {
	b, ok, err := f.Bucket(ctx, KeyBucket)
	if err == nil && !ok {
		err = ErrChanged
	}
	if err != nil {
		return nil, err
	}
	return &values{records: b.Reader()}, nil
}

// at returns a copy of the value of a key, whose record is at a spot.
func (v *values) at(key []byte, at spot) ([]byte, error) {
	b, ok, err := v.records.Value(bolt.Place{Page: at.page, Element: at.element})
	if err != nil {
		return nil, err
	}
	var kv record
	if !ok || parseRecord(b, &kv) != nil || !bytes.Equal(kv.key, key) {
		return nil, ErrChanged // it could be decoded before
	}
	return bytes.Clone(kv.value), nil
}

// zeros is memory for values of which only the size counts.
type zeros []byte

func (z *zeros) of(size int) []byte {
	if size > len(*z) {
		*z = make([]byte, size)
	}
	return (*z)[:size:size]
}
