package snapshot

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"etcdkit/snapshot/bolt"
)

// maxOrphans bounds the records that are looked up again.
const maxOrphans = 1 << 19

// orphan is a record of a key with a lease that does not exist. That is in
// order where a later change of the key follows.
type orphan struct {
	key   keyHash
	at    Revision
	lease int64
	page  int64
}

// leaseSet holds the ids of all leases, and the records that name others.
type leaseSet struct {
	ids     []int64
	known   bool // ids are all there are
	keys    keyHasher
	orphans []orphan
	count   atomic.Int64
}

// read takes the ids from the lease bucket. Damage is left to the check of
// that bucket.
func (l *leaseSet) read(ctx context.Context, f *File) error {
	l.keys = newKeyHasher()
	b, ok, err := f.Bucket(ctx, leaseBucket)
	if ok {
		c := b.Cursor(ctx)
		for c.Next() {
			if k := c.Key(); len(k) == 8 {
				l.ids = append(l.ids, int64(binary.BigEndian.Uint64(k)))
			}
		}
		err = c.Err()
		l.known = err == nil
	}
	slices.Sort(l.ids)
	if errors.Is(err, ErrCorrupt) {
		return nil
	}
	return err
}

// suspect appends o to some orphans, if it is one.
func (l *leaseSet) suspect(to []orphan, o orphan) []orphan {
	if _, ok := slices.BinarySearch(l.ids, o.lease); ok || !l.known || l.count.Add(1) > maxOrphans {
		return to
	}
	return append(to, o)
}

// resolve reads the key bucket again where there are orphans, and reports
// those that are the last change of their key.
func (l *leaseSet) resolve(ctx context.Context, v *verifier) error {
	v.report.Leases = len(l.ids)
	if !l.known && !v.missing[leaseBucket] || l.count.Load() > maxOrphans {
		v.report.Unchecked = append(v.report.Unchecked, "the leases of keys")
		return nil
	}
	if len(l.orphans) == 0 {
		return nil
	}
	last := make(map[keyHash]int, len(l.orphans))
	for i, o := range l.orphans {
		last[o.key] = i // they are in the order of their revisions
	}
	ended := make([]atomic.Bool, len(l.orphans))
	b, ok, err := v.f.Bucket(ctx, KeyBucket)
	if err != nil || !ok {
		return v.found.take(err, FaultPage)
	}
	ignore := func(*CorruptError) {} // the first reading has reported it
	_, err = bolt.InParts(ctx, b, bolt.Parts{Report: ignore}, func(c *bolt.Cursor) (struct{}, error) {
		c.Forgive(ignore)
		for c.Next() {
			rev, kv, err := parseElement(c)
			if err != nil {
				continue
			}
			if i, ok := last[l.keys.hash(kv.key)]; ok && l.orphans[i].at.before(rev) {
				ended[i].Store(true)
			}
		}
		return struct{}{}, c.Err()
	})
	if err != nil {
		return err
	}
	for i, o := range l.orphans {
		if last[o.key] == i && !ended[i].Load() {
			v.found.add(FaultLease, &CorruptError{
				Page: o.page, Bucket: KeyBucket, Key: o.at.AppendKey(nil),
				Detail: fmt.Sprintf("the key has the lease %x, which does not exist", uint64(o.lease)),
			})
		}
	}
	return nil
}
