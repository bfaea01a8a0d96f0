package snapshot

import (
	"context"

	"etcdkit/snapshot/bolt"
)

// Each calls use for each record of a top-level bucket, in the order of their
// keys, until it returns an error. Key and value are valid during the call. A
// file without the bucket has no records in it.
func (f *File) Each(ctx context.Context, bucket string, use func(key, value []byte) error) error {
	if err := f.checkLength(); err != nil {
		return err
	}
	b, ok, err := f.Bucket(ctx, bucket)
	if err != nil || !ok {
		return err
	}
	c := b.Cursor(ctx)
	for c.Next() {
		if c.IsBucket() {
			return &CorruptError{Page: c.Page(), Bucket: bucket, Key: append([]byte(nil), c.Key()...), Detail: "a bucket where only records should be"}
		}
		if err := f.forgive(bolt.InBucket(use(c.Key(), c.Value()), bucket)); err != nil {
			return err
		}
	}
	return bolt.InBucket(c.Err(), bucket)
}
