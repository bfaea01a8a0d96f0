package snapshot

import (
	"context"
	"errors"
	"slices"
	"time"
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
	v := &verifier{f: f, missing: map[string]bool{}}
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

// verifier is one run of Verify.
type verifier struct {
	f       *File
	use     *pageUse
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
	root := v.f.root()
	c := root.cursor(ctx, v.use)
	c.report = v.found.add
	for c.Next() {
		if !c.IsBucket() {
			v.found.add(&CorruptError{Page: c.Page(), Key: slices.Clone(c.Key()), Detail: "a record where only buckets should be"})
			continue
		}
		b, err := root.child(c)
		if err == nil {
			err = v.bucket(ctx, b)
		}
		if err := v.found.take(err, FaultPage); err != nil {
			return err
		}
	}
	if c.Err() != nil {
		return c.Err()
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
	v.use = &pageUse{used: newPageSet(v.f.meta.end)}
	for id := range uint64(2) {
		v.use.used.add(id)
		err := checkMetaPage(v.f, id)
		if _, ok := metaAt(v.f, int64(id)*v.f.meta.pageSize); !ok && err == nil {
			err = corrupt(int64(id), "the meta page is not valid; the file can be opened by the other one")
		}
		if err := v.found.take(err, FaultFile); err != nil {
			return err
		}
	}
	if v.f.meta.freelist == noFreelist {
		return nil
	}
	err := v.use.readFreelist(v.f)
	if err != nil {
		v.use.free = nil
		v.report.Unchecked = append(v.report.Unchecked, "free pages")
	}
	return v.found.take(err, FaultUse)
}

// bucket checks a top-level bucket.
func (v *verifier) bucket(ctx context.Context, b *Bucket) error {
	delete(v.missing, b.Name)
	if b.Name == KeyBucket {
		return v.keys(ctx, b)
	}
	var found faults
	c := b.cursor(ctx, v.use)
	c.report = found.add
	check := v.checks(b.Name)
	for c.Next() {
		if c.IsBucket() {
			n, err := b.child(c)
			if err == nil {
				err = nestedPages(ctx, n, v.use)
			}
			if err := found.take(err, FaultPage); err != nil {
				return err
			}
			continue
		}
		if detail := check.element(c.Key(), c.Value()); detail != "" {
			found.add(&CorruptError{Page: c.Page(), Key: slices.Clone(c.Key()), Detail: detail, kind: check.kind})
		}
	}
	// An inline bucket that is no leaf has nothing to go on with.
	if err := found.take(c.Err(), FaultPage); err != nil {
		return err
	}
	v.found.join(&found, b.Name)
	return nil
}

// finish adds what can be said when all buckets have been met.
func (v *verifier) finish() {
	r := &v.report
	for _, name := range expectedBuckets() {
		if !v.missing[name] {
			continue
		}
		if name == KeyBucket || name == MetaBucket {
			v.found.add(&CorruptError{Page: NoPage, Bucket: name, kind: FaultBucket, Detail: "there is no such bucket: not a file of an etcd server"})
		} else {
			r.Unchecked = append(r.Unchecked, name+" (the file has no such bucket)")
		}
	}
	if v.found[FaultPage].Count > 0 {
		r.Unchecked = append(r.Unchecked, "what the damaged pages lead to")
		return
	}
	if v.found[FaultUse].Count == 0 && v.use.free != nil {
		for id := range v.f.meta.end {
			if !v.use.used.has(id) && !v.use.free.has(id) {
				v.found.add(&CorruptError{Page: int64(id), kind: FaultUse, Detail: "the page is neither in use nor in the freelist"})
			}
		}
	}
}
