package snapshot

import (
	"context"

	"etcdkit/snapshot/bolt"
)

// Head is where the history of a file ends, and where it begins.
type Head struct {
	Revision int64 // the latest one; 1 for a store that was never written to
	// CompactRevision is that of the last compaction, scheduled or finished; 0
	// if there was none. Revisions before it can't be read.
	CompactRevision int64
}

// Head reads the two ends of the history.
func (f *File) Head(ctx context.Context) (Head, error) {
	_, h, err := f.history(ctx)
	return h, err
}

// history returns the key bucket and the ends of the history in it.
func (f *File) history(ctx context.Context) (*bolt.Bucket, Head, error) {
	if err := f.checkLength(); err != nil {
		return nil, Head{}, err
	}
	m, err := f.serverMeta(ctx)
	if err != nil {
		return nil, Head{}, err
	}
	b, ok, err := f.Bucket(ctx, KeyBucket)
	if err != nil {
		return nil, Head{}, err
	}
	if !ok {
		return nil, Head{}, bolt.Corrupt(NoPage, "no bucket %q: not a file of an etcd server", KeyBucket)
	}
	h := Head{CompactRevision: max(m.scheduled, m.finished)}
	h.Revision = max(1, h.CompactRevision)
	last, err := f.lastKey(ctx, b)
	if err != nil {
		return nil, Head{}, bolt.InBucket(err, KeyBucket)
	}
	if last != nil {
		rev, err := ParseRevision(last)
		if err != nil {
			return nil, Head{}, &CorruptError{Page: NoPage, Bucket: KeyBucket, Key: last, Detail: "cannot parse revision key: " + err.Error()}
		}
		h.Revision = max(h.Revision, rev.Main)
	}
	return b, h, nil
}

// at checks that a revision can be read, and returns it, or the latest one for 0.
func (h Head) at(rev int64) (int64, error) {
	switch {
	case rev == 0:
		return h.Revision, nil
	case rev < 0, rev > h.Revision:
		return 0, ErrFutureRevision
	case rev < h.CompactRevision:
		return 0, ErrCompacted
	}
	return rev, nil
}
