package datadir

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"etcdkit/snapshot"
	"etcdkit/snapshot/bolt"
)

const (
	// maxReach bounds the memory for keys of the database that entries reach, in
	// bytes.
	maxReach = 1 << 30
	// itemCost is what a key takes besides its name.
	itemCost = 250
)

// loadKeys reads the state of the needed keys from a database.
func loadKeys(ctx context.Context, f *snapshot.File, l *leases, need *needs) (*keys, error) {
	head, err := f.Head(ctx)
	if err != nil {
		return nil, err
	}
	k := &keys{rev: head.Revision, compacted: head.CompactRevision, items: map[string]*item{}, leases: l}
	bucket, ok, err := f.Bucket(ctx, snapshot.KeyBucket)
	if err != nil || !ok {
		return k, err
	}
	k.records = bucket.Reader()
	for id := range need.leases {
		if exists, err := l.exists(id); err != nil {
			return nil, err
		} else if !exists {
			delete(need.leases, id) // the entries grant it
		}
	}
	if err := need.attached(ctx, bucket); err != nil {
		return nil, err
	}
	need.merge()
	if err := k.load(ctx, bucket, need); err != nil {
		return nil, err
	}
	for name := range need.keys {
		if k.items[name] == nil {
			k.items[name] = &item{key: name}
		}
	}
	for _, i := range k.items {
		k.sorted = append(k.sorted, i)
		if i.live {
			l.move(i.key, 0, i.lease)
		}
	}
	slices.SortFunc(k.sorted, func(a, b *item) int { return strings.Compare(a.key, b.key) })
	return k, nil
}

// attached adds the keys that were ever attached to the leases.
func (n *needs) attached(ctx context.Context, bucket *bolt.Bucket) error {
	if len(n.leases) == 0 {
		return nil
	}
	var mu sync.Mutex
	var size atomic.Int64
	var found []string
	err := records(ctx, bucket, func(_ snapshot.Revision, r snapshot.Record, _ *bolt.Cursor) error {
		if _, ok := n.leases[r.LeaseID]; r.LeaseID == 0 || !ok {
			return nil
		}
		if size.Add(int64(len(r.Key)+itemCost)) > maxReach {
			return ErrTooLarge
		}
		mu.Lock()
		defer mu.Unlock()
		found = append(found, string(r.Key))
		return nil
	})
	for _, key := range found {
		n.reach([]byte(key), nil)
	}
	return err
}

// load reads the last change of each needed key.
func (k *keys) load(ctx context.Context, bucket *bolt.Bucket, need *needs) error {
	if len(need.keys) == 0 && len(need.ranges) == 0 {
		return nil
	}
	var mu sync.Mutex
	var size int
	return records(ctx, bucket, func(rev snapshot.Revision, r snapshot.Record, c *bolt.Cursor) error {
		if !need.has(r.Key) {
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		i := k.items[string(r.Key)]
		if i == nil {
			if size += len(r.Key) + itemCost; size > maxReach {
				return ErrTooLarge
			}
			i = &item{key: string(r.Key)}
			k.items[i.key] = i
		}
		if i.rev.Main > rev.Main || i.rev.Main == rev.Main && i.rev.Sub > rev.Sub {
			return nil
		}
		i.rev, i.live, i.place = rev, !rev.Tombstone, c.Place()
		i.create, i.version, i.lease = r.Create, r.Version, r.LeaseID
		return nil
	})
}

// records calls use for each record of the key bucket, from several goroutines.
func records(ctx context.Context, bucket *bolt.Bucket, use func(snapshot.Revision, snapshot.Record, *bolt.Cursor) error) error {
	_, err := bolt.InParts(ctx, bucket, bolt.Parts{}, func(c *bolt.Cursor) (struct{}, error) {
		for c.Next() {
			rev, err := snapshot.ParseRevision(c.Key())
			var r snapshot.Record
			if err == nil {
				r, err = snapshot.ParseRecord(c.Value())
			}
			if err != nil {
				return struct{}{}, &snapshot.CorruptError{Page: c.Page(), Bucket: snapshot.KeyBucket, Key: bytes.Clone(c.Key()), Detail: err.Error()}
			}
			if len(c.Value()) == 0 { // it only raises the revision
				continue
			}
			if err := use(rev, r, c); err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, c.Err()
	})
	return bolt.InBucket(err, snapshot.KeyBucket)
}
