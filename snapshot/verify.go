package snapshot

import (
	"context"
	"errors"
	"slices"
	"time"

	"etcdkit/snapshot/bolt"
)

// Report is what Verify finds.
type Report struct {
	// Faults has one entry for each kind of damage; none where the file is
	// whole.
	Faults []Fault
	// Unchecked names what could not be checked, because it is not there or
	// because of the damage.
	Unchecked []string
	Revision  int64 // main revision of the last record
	Records   int   // of the key bucket
	Leases    int
	Members   int
}

// Verify reads the file at path, and checks, without stopping at the first
// fault: its length and its sha256, both meta pages, that every page in use is
// reached once and none is free as well, the order of all keys, that the
// records of every bucket can be decoded and agree with their keys, that
// revisions rise, that the leases and roles that are referred to exist, and
// that compactions and indexes make sense. Damage is in the report; an error
// is about reading the file, or ErrChanged.
//
// Its memory is some buffers, two bits for each page, eight bytes for each
// lease, and at most 40 MB for records of leases that are gone.
func Verify(ctx context.Context, path string) (Report, error) {
	f, err := Open(path)
	return VerifyOpened(ctx, f, err)
}

// VerifyLocked is Verify for the file of a data directory, see OpenLocked.
func VerifyLocked(ctx context.Context, path string, wait time.Duration) (Report, error) {
	f, err := OpenLocked(ctx, path, wait)
	return VerifyOpened(ctx, f, err)
}

// VerifyOpened is Verify for a file that was opened, or could not be because of
// err.
func VerifyOpened(ctx context.Context, f *File, err error) (Report, error) {
	if errors.Is(err, ErrCorrupt) {
		var found faults
		err = found.take(err, FaultFile)
		return Report{Faults: found.list(), Unchecked: []string{"everything else"}}, err
	}
	if err != nil {
		return Report{}, err
	}
	r, err := f.Verify(ctx)
	return r, errors.Join(err, f.Close())
}

// Verify is the function of this name, on an open file.
func (f *File) Verify(ctx context.Context) (Report, error) {
	sum := make(chan error, 1)
	go func() { sum <- f.VerifyChecksum(ctx) }()
	v := f.verifier(f.hashers())
	walkErr := v.walk(ctx)
	sumErr := <-sum
	switch {
	case errors.Is(sumErr, ErrNoChecksum):
		v.report.Unchecked = append([]string{"sha256 (the file has none)"}, v.report.Unchecked...)
	case sumErr != nil:
		walkErr = errors.Join(walkErr, v.found.take(sumErr, FaultFile))
	}
	if walkErr != nil {
		return Report{}, walkErr
	}
	v.report.Faults = v.found.list()
	return v.report, f.Unchanged()
}

// VerifyContent is Verify without the sha256, for a caller that has seen to it.
func (f *File) VerifyContent(ctx context.Context) (Report, error) {
	v := f.verifier(0)
	if err := v.walk(ctx); err != nil {
		return Report{}, err
	}
	v.report.Faults = v.found.list()
	return v.report, f.Unchanged()
}

// verifier returns one that leaves this many processors to others.
func (f *File) verifier(spare int) *verifier {
	return &verifier{f: f, spare: spare, missing: map[string]bool{}}
}

// verifier is one run of Verify.
type verifier struct {
	f       *File
	spare   int // processors that are left to others
	use     *bolt.Use
	found   faults
	report  Report
	missing map[string]bool // buckets not met yet
	leases  leaseSet
	roles   map[string]bool
}

func (v *verifier) walk(ctx context.Context) error {
	if err := v.ends(); err != nil {
		return err
	}
	if err := v.leases.read(ctx, v.f); err != nil {
		return err
	}
	v.roles = map[string]bool{}
	for _, name := range expectedBuckets() {
		v.missing[name] = true
	}
	w := bolt.Walk[bucketPart]{Bucket: v.bucket, Report: v.damaged, Use: v.use, Spare: v.spare}
	if _, err := w.Run(ctx, v.f.db); err != nil {
		return err
	}
	if err := v.leases.resolve(ctx, v); err != nil {
		return err
	}
	v.finish()
	return nil
}

// ends checks the length, the meta pages and the freelist.
func (v *verifier) ends() error {
	if err := v.found.take(v.f.checkLength(), FaultFile); err != nil {
		return err
	}
	v.use = bolt.NewUse(v.f.db)
	for id := range uint64(2) {
		if err := v.found.take(v.f.db.CheckMeta(id), FaultFile); err != nil {
			return err
		}
	}
	err := v.use.ReadFreelist()
	if err != nil {
		v.report.Unchecked = append(v.report.Unchecked, "free pages")
	}
	return v.found.take(err, FaultUse)
}

// damaged takes what the walk finds wrong with the pages.
func (v *verifier) damaged(p *bucketPart, e *CorruptError) {
	if p == nil {
		v.found.page(e)
	} else {
		p.found.page(e)
	}
}

// bucket says how a top-level bucket is checked.
func (v *verifier) bucket(b *bolt.Bucket) (bolt.Reading[bucketPart], error) {
	delete(v.missing, b.Name)
	if b.Name == KeyBucket {
		return bolt.Reading[bucketPart]{Element: v.change, Join: v.changes}, nil
	}
	check := v.checks(b.Name)
	return bolt.Reading[bucketPart]{
		InOrder: true,
		Element: func(c *bolt.Cursor, p *bucketPart) error {
			if c.IsBucket() {
				return nil
			}
			if detail := check.element(c.Key(), c.Value()); detail != "" {
				p.found.add(check.kind, &CorruptError{Page: c.Page(), Key: slices.Clone(c.Key()), Detail: detail})
			}
			return nil
		},
		Join: func(parts []bucketPart) error {
			for i := range parts {
				v.found.join(&parts[i].found, b.Name)
			}
			return nil
		},
	}, nil
}

// finish adds what can be said when all buckets have been met.
func (v *verifier) finish() {
	r := &v.report
	for _, name := range expectedBuckets() {
		if !v.missing[name] {
			continue
		}
		if name == KeyBucket || name == MetaBucket {
			v.found.add(FaultBucket, &CorruptError{Page: NoPage, Bucket: name, Detail: "there is no such bucket: not a file of an etcd server"})
		} else {
			r.Unchecked = append(r.Unchecked, name+" (the file has no such bucket)")
		}
	}
	if v.found[FaultPage].Count > 0 {
		r.Unchecked = append(r.Unchecked, "what the damaged pages lead to")
		return
	}
	if v.found[FaultUse].Count == 0 {
		for lost := range v.use.Lost() {
			v.found.add(FaultUse, lost)
		}
	}
}
