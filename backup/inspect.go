package backup

import (
	"context"
	"errors"
	"fmt"
	"os"

	"etcdkit/internal/spill"
	"etcdkit/snapshot"
)

// Contents are the facts about a snapshot that are read from its file.
type Contents struct {
	StorageVersion  string
	Revision        int64
	CompactRevision int64 // -1 if there was no compaction
	HashKV          uint32
	Keys            int64
	Records         int64
	Leases          int64
	Members         int64
	Kubernetes      bool // there are keys below /registry/
}

// revision is the latest revision in a snapshot file.
func revision(ctx context.Context, file *os.File) (int64, error) {
	f, err := snapshot.OpenBorrowed(file, "snapshot")
	if err != nil {
		return 0, asDamage(err)
	}
	head, err := f.Head(ctx)
	return head.Revision, asDamage(err)
}

// asDamage makes corruption that package snapshot finds wrap ErrDamaged.
func asDamage(err error) error {
	if errors.Is(err, snapshot.ErrCorrupt) {
		return damaged("the snapshot is damaged: %w", err)
	}
	return err
}

// inspect checks every page and record of a snapshot file, whose sha256 the
// caller has verified or does not have, and returns what is in it. Damage is an
// error that wraps ErrDamaged.
func inspect(ctx context.Context, file *os.File) (Contents, error) {
	f, err := snapshot.OpenBorrowed(file, "snapshot")
	if err != nil {
		return Contents{}, asDamage(err)
	}
	report, err := f.VerifyContent(ctx)
	if err == nil && len(report.Faults) > 0 {
		err = faulty(report.Faults)
	}
	if err != nil {
		return Contents{}, err
	}
	status, err := f.Check(ctx, 0)
	if err != nil {
		return Contents{}, asDamage(err)
	}
	hash, err := f.HashKV(ctx, 0)
	if err != nil {
		return Contents{}, asDamage(err)
	}
	c := Contents{
		StorageVersion: status.Version, Revision: hash.Revision, CompactRevision: hash.CompactRevision, HashKV: hash.Hash,
		Keys: int64(status.TotalKey), Records: int64(report.Records), Leases: int64(report.Leases), Members: int64(report.Members),
	}
	c.Kubernetes, err = hasRegistry(ctx, f)
	return c, err
}

// faulty describes damage in one line.
func faulty(faults []snapshot.Fault) error {
	first := faults[0]
	err := damaged("the snapshot is damaged: %s: %w", first.Kind, &first.First)
	more := first.Count - 1
	for _, f := range faults[1:] {
		more += f.Count
	}
	if more > 0 {
		return fmt.Errorf("%w (and %d more faults)", err, more)
	}
	return err
}

// registry is where the Kubernetes API server keeps its objects.
const registry = "/registry/"

// registrySample is how many records are looked at for a key of Kubernetes.
const registrySample = 10_000

// hasRegistry reports whether the oldest records have keys of Kubernetes.
func hasRegistry(ctx context.Context, f *snapshot.File) (bool, error) {
	n := 0
	for e, err := range f.Events(ctx, 0, 0, snapshot.Range{KeysOnly: true}) {
		if err != nil {
			return false, err
		}
		if key := e.Kv.GetKey(); len(key) > len(registry) && string(key[:len(registry)]) == registry {
			return true, nil
		}
		if n++; n == registrySample {
			break
		}
	}
	return false, nil
}

// Plain is a plain snapshot in a temporary file that no other program sees. The
// caller closes it.
type Plain struct {
	*spill.File
	Contents
}

// newPlain fills a temporary file and inspects it.
func newPlain(ctx context.Context, fill func(*spill.File) error) (_ *Plain, err error) {
	tmp, err := spill.New()
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, tmp.Close())
		}
	}()
	if err := fill(tmp); err != nil {
		if errors.Is(err, errSink) {
			err = spill.Full(err)
		}
		return nil, err
	}
	return Inspect(ctx, tmp)
}

// Inspect checks all pages and records of a snapshot in a temporary file. After an
// error the file stays open.
func Inspect(ctx context.Context, tmp *spill.File) (*Plain, error) {
	c, err := inspect(ctx, tmp.File)
	if err != nil {
		return nil, err
	}
	return &Plain{File: tmp, Contents: c}, nil
}
