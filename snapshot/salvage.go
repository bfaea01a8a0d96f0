package snapshot

import (
	"context"
	"errors"
	"fmt"

	"etcdkit/snapshot/bolt"
)

// OpenSalvage is Open for a damaged file, which may be cut. Keys, Events, Head and
// Each then leave out what is damaged: a record, a page, or a page with all below
// it. Each damage is given to report, more than once if it is met again, from the
// goroutine that reads. One of the two meta pages must be in order.
//
// What is left out of the history may be the last change of a key: an older
// version of the key is then returned, or a key that was deleted.
func OpenSalvage(path string, report func(*CorruptError)) (*File, error) {
	src, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	f, err := newFileFor(src, path, report)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open snapshot %s: %w", path, err), src.Close())
	}
	return f, nil
}

// forgive reports damage that is to be left out, and returns any other error.
func (f *File) forgive(err error) error {
	damage := (*CorruptError)(nil)
	if f.salvage == nil || !errors.As(err, &damage) {
		return err
	}
	f.salvage(damage)
	return nil
}

// lastKey returns the last key of a bucket, or the last that can be read.
func (f *File) lastKey(ctx context.Context, b *bolt.Bucket) ([]byte, error) {
	if f.salvage == nil {
		return b.LastKey(ctx)
	}
	c := b.CursorBack(ctx, nil)
	for c.Next() {
		if _, err := ParseRevision(c.Key()); err == nil {
			return append([]byte(nil), c.Key()...), nil
		}
	}
	return nil, c.Err()
}
