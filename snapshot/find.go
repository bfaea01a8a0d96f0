package snapshot

import (
	"bytes"
	"context"

	"go.etcd.io/etcd/api/v3/mvccpb"

	"etcdkit/snapshot/bolt"
)

// find returns a key as it was at a revision, or at the latest one for 0; nil if
// it did not exist. The errors are those of Keys.
//
// It reads the changes from that revision backward, up to the last one of the
// key. Its memory is a few buffers.
func (f *File) find(ctx context.Context, rev int64, key []byte) (*mvccpb.KeyValue, error) {
	b, head, err := f.history(ctx)
	if err != nil {
		return nil, err
	}
	if rev, err = head.at(rev); err != nil {
		return nil, err
	}
	found := (*mvccpb.KeyValue)(nil)
	c := b.CursorBack(ctx, Revision{Main: rev + 1}.AppendKey(nil))
	for c.Next() {
		at, kv, err := parseElement(c)
		if err != nil {
			if err = f.forgive(err); err != nil {
				return nil, err
			}
			continue
		}
		if at.Main > rev || !bytes.Equal(kv.key, key) || len(c.Value()) == 0 {
			continue
		}
		if !at.Tombstone {
			found = event(at, kv, Range{}).GetKv()
		}
		break
	}
	if err := c.Err(); err != nil {
		return nil, bolt.InBucket(err, KeyBucket)
	}
	return found, f.Unchanged()
}
