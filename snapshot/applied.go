package snapshot

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"etcdkit/snapshot/bolt"
)

// ConsistentIndex is the index of the last entry of raft's log that the
// database has seen; 0 where it does not say.
func (f *File) ConsistentIndex(ctx context.Context) (uint64, error) {
	return f.metaNumber(ctx, keyConsistentIndex)
}

// Term is the term of that entry; 0 where the database does not say.
func (f *File) Term(ctx context.Context) (uint64, error) { return f.metaNumber(ctx, keyTerm) }

// metaNumber reads a number of the bucket "meta"; 0 where it has none.
func (f *File) metaNumber(ctx context.Context, key string) (uint64, error) {
	b, ok, err := f.Bucket(ctx, MetaBucket)
	if err != nil || !ok {
		return 0, err
	}
	c := b.Cursor(ctx)
	for c.Next() {
		if c.IsBucket() || string(c.Key()) != key {
			continue
		}
		if n := len(c.Value()); n != 8 {
			return 0, &CorruptError{Page: c.Page(), Bucket: MetaBucket, Key: slices.Clone(c.Key()), Detail: fmt.Sprintf("a number of %d bytes", n)}
		}
		return binary.BigEndian.Uint64(c.Value()), nil
	}
	return 0, bolt.InBucket(c.Err(), MetaBucket)
}
