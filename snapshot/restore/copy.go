package restore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"etcdkit/snapshot"
	"etcdkit/snapshot/output"
)

// copyPiece is how much of a finished database is copied between two looks at
// the context.
const copyPiece = 64 << 20

// checksum says what to do about the sha256 at the end of a source.
type checksum int

const (
	verifySum checksum = iota
	ignoreSum          // there is none, or it does not matter
)

// copyVerified copies the database in the snapshot to path, and checks its
// sha256 and every page.
func (b *builder) copyVerified(ctx context.Context, path string) (st snapshot.Status, err error) {
	src, err := snapshot.Open(b.cfg.SnapshotPath)
	if err != nil {
		return st, err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	if b.cfg.SkipHashCheck {
		return copyDB(ctx, path, src, ignoreSum)
	}
	if !src.HasChecksum() {
		return st, &missingHashError{}
	}
	return copyDB(ctx, path, src, verifySum)
}

// copyDB copies a database to a new file at path, and checks it. With a sha256
// to compare, the copy is hashed behind the copying, and every page of the
// source, which that hash stands for, checked beside it: writing waits for the
// disk, and leaves the processors to both. Without one, every page of the copy
// is checked once it is there. A source that changes meanwhile is an error.
func copyDB(ctx context.Context, path string, src *snapshot.File, sum checksum) (st snapshot.Status, err error) {
	dst, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return st, err
	}
	defer func() { err = errors.Join(err, dst.Close()) }()
	if err := output.Reserve(dst, src.DataSize()); err != nil {
		return st, err
	}
	if sum == verifySum {
		st, err = copyHashed(ctx, dst, src)
	} else {
		st, err = copyScanned(ctx, dst, src)
	}
	if err != nil {
		return st, err
	}
	if err := src.Unchanged(); err != nil {
		return st, fmt.Errorf("copy %s: %w", src.Path(), err)
	}
	return st, src.WriteEmptyFreelist(dst)
}

// copyHashed checks the source while it is copied.
func copyHashed(ctx context.Context, dst *os.File, src *snapshot.File) (st snapshot.Status, err error) {
	h := newHasher(dst, src.Data().Size())
	defer h.end()
	scanned := make(chan error, 1)
	go func() {
		var err error
		st, err = src.Scan(ctx)
		scanned <- err
	}()
	err = copyPages(ctx, dst, src, h.written)
	scanErr := <-scanned
	if err != nil {
		return st, err
	}
	synced := startSync(dst)
	sumErr, syncErr := h.compare(src.Checksum()), <-synced
	if sumErr != nil { // which says more than what a scan has met
		return st, sumErr
	}
	return st, errors.Join(scanErr, syncErr, cutToPages(dst, src))
}

// copyScanned checks the copy while the disk works on it.
func copyScanned(ctx context.Context, dst *os.File, src *snapshot.File) (st snapshot.Status, err error) {
	if err := copyPages(ctx, dst, src, func(int64) {}); err != nil {
		return st, err
	}
	if err := cutToPages(dst, src); err != nil {
		return st, err
	}
	synced := startSync(dst)
	st, err = scan(ctx, dst.Name())
	return st, errors.Join(err, <-synced)
}

// startSync syncs f behind what the caller does.
func startSync(f *os.File) <-chan error {
	synced := make(chan error, 1)
	go func() { synced <- f.Sync() }()
	return synced
}

// copyPages copies the source, has the system write it to the disk meanwhile,
// and tells how far it is.
func copyPages(ctx context.Context, dst *os.File, src *snapshot.File, written func(int64)) error {
	var from int64
	return src.CopyTo(ctx, dst, func(to int64) {
		output.StartWriting(dst, from, to-from)
		written(to)
		from = to
	})
}

// cutToPages takes off what a source has behind its last page.
func cutToPages(dst *os.File, src *snapshot.File) error {
	if src.DataSize() == src.Data().Size() {
		return nil
	}
	return dst.Truncate(src.DataSize())
}

// copyFile copies a file that this run has made; the system may do it without
// moving a byte.
func copyFile(ctx context.Context, to, from string) (err error) {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	dst, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dst.Close()) }()
	for {
		if err := canceled(ctx); err != nil {
			return err
		}
		if _, err := io.CopyN(dst, src, copyPiece); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// missingHashError has etcdutl's text.
type missingHashError struct{}

func (*missingHashError) Error() string {
	return "snapshot missing hash but --skip-hash-check=false"
}

func (*missingHashError) Unwrap() error { return snapshot.ErrNoChecksum }

// scan checks the copy, which bbolt is about to map and to trust.
func scan(ctx context.Context, path string) (_ snapshot.Status, err error) {
	f, err := snapshot.Open(path)
	if err != nil {
		return snapshot.Status{}, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return f.Scan(ctx)
}
