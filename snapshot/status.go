package snapshot

import (
	"context"
	"errors"
	"fmt"

	"github.com/coreos/go-semver/semver"

	"etcdkit/snapshot/bolt"
)

// Names of etcd's buckets (server/storage/schema/bucket.go) that are read here.
const (
	KeyBucket  = "key"
	MetaBucket = "meta"
)

// Keys of etcd's "meta" bucket that are read here.
const (
	keyScheduledCompact = "scheduledCompactRev"
	keyFinishedCompact  = "finishedCompactRev"
	keyStorageVersion   = "storageVersion"
)

// Status is what "snapshot status" tells of a file.
type Status struct {
	// Hash is the CRC-32C of all bucket names, keys and values in order.
	Hash uint32
	// Revision is the main revision of the last record; 0 for a store that
	// was never written to.
	Revision int64
	// TotalKey is the number of live keys at that revision, as 3.6 and later
	// count.
	TotalKey int
	// TotalRecords is what 3.5 prints as the total of keys: the records of
	// all buckets together.
	TotalRecords int
	// TotalRevisions is the number of records in the key bucket.
	TotalRevisions int
	// TotalSize is the size in bytes of the pages in use and free, which can
	// be less than the file has.
	TotalSize int64
	// UsedSize is the size in bytes of the pages in use.
	UsedSize int64
	// Version is the storage version of 3.6 and later, like "3.6.0"; empty in
	// files of earlier servers.
	Version string
	// HasChecksum is false where nothing vouches for the bytes of the file.
	HasChecksum bool
}

// Status reads the file twice, side by side: for the sha256 at its end, and
// for the rest. A wrong sha256 is an error, which etcdutl lets pass; a missing
// one is not. See Scan for what is checked.
func (f *File) Status(ctx context.Context) (Status, error) {
	sum := make(chan error, 1)
	go func() { sum <- f.VerifyChecksum(ctx) }()
	st, scanErr := f.scanStatus(ctx, scanOptions{spare: f.hashers()})
	sumErr := <-sum
	if errors.Is(sumErr, ErrNoChecksum) {
		sumErr = nil
	}
	switch {
	case sumErr != nil && errors.Is(scanErr, ErrCorrupt):
		return Status{}, fmt.Errorf("%w; %w", sumErr, scanErr)
	case sumErr != nil:
		return Status{}, sumErr
	case scanErr != nil:
		return Status{}, scanErr
	}
	return st, f.Unchanged()
}

// Scan is Status without the sha256, for callers that have seen to it. It
// checks that the file has whole pages, that every bucket can be read to its
// end with its keys in order, that no page is used twice or both used and
// free, and that every record of the key bucket can be decoded.
func (f *File) Scan(ctx context.Context) (Status, error) { return f.scanStatus(ctx, scanOptions{}) }

// Check is Scan without Status.Hash, which takes a sixth of its time. It leaves
// this many processors to what else the caller does.
func (f *File) Check(ctx context.Context, spare int) (Status, error) {
	return f.scanStatus(ctx, scanOptions{spare: spare, unhashed: true})
}

// hashers is the number of processors that VerifyChecksum keeps busy.
func (f *File) hashers() int {
	if f.valid {
		return 1
	}
	return 0
}

func (f *File) scanStatus(ctx context.Context, o scanOptions) (Status, error) {
	if err := f.checkLength(); err != nil {
		return Status{}, err
	}
	m, err := f.serverMeta(ctx)
	if err != nil {
		return Status{}, err
	}
	count := counter{compacted: m.finished}
	if m.scheduled != m.finished { // unfinished, or damaged: none finishes that was not scheduled
		count.exact = map[string]struct{}{}
	}
	p, err := f.scan(ctx, count, o)
	if err == nil && (p.odd || p.live < 0) {
		count.exact = map[string]struct{}{}
		p, err = f.scan(ctx, count, o)
	}
	if err != nil {
		return Status{}, err
	}
	if count.exact != nil {
		p.live = len(count.exact)
	}
	return Status{
		Hash:           p.sum.CRC,
		Revision:       p.last,
		TotalKey:       p.live,
		TotalRecords:   p.sum.Records,
		TotalRevisions: p.revisions,
		TotalSize:      int64(f.db.Pages()) * f.db.PageSize(),
		UsedSize:       int64(p.sum.Pages) * f.db.PageSize(),
		Version:        m.version,
		HasChecksum:    f.valid,
	}, nil
}

// serverMeta is what the "meta" bucket says about the others.
type serverMeta struct {
	scheduled, finished int64 // compactions; 0 for none
	version             string
}

func (f *File) serverMeta(ctx context.Context) (serverMeta, error) {
	var m serverMeta
	b, ok, err := f.Bucket(ctx, MetaBucket)
	if err != nil {
		return m, err
	}
	if !ok {
		return m, f.forgive(bolt.Corrupt(NoPage, "no bucket %q: not a file of an etcd server", MetaBucket))
	}
	c := b.Cursor(ctx)
	for c.Next() {
		if c.IsBucket() {
			continue
		}
		switch string(c.Key()) {
		case keyScheduledCompact:
			m.scheduled, err = compaction(c)
		case keyFinishedCompact:
			m.finished, err = compaction(c)
		case keyStorageVersion:
			if v, err := semver.NewVersion(string(c.Value())); err == nil {
				m.version = v.String()
			}
		}
		if err = f.forgive(err); err != nil {
			return m, err
		}
	}
	return m, bolt.InBucket(c.Err(), MetaBucket)
}

// compaction decodes the revision of a compaction at c.
func compaction(c *bolt.Cursor) (int64, error) {
	rev, err := ParseRevision(c.Value())
	if err != nil {
		return 0, &CorruptError{Page: c.Page(), Bucket: MetaBucket, Key: append([]byte(nil), c.Key()...), Detail: err.Error()}
	}
	return rev.Main, nil
}
