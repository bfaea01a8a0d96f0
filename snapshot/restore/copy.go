package restore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"etcdkit/internal/output"
	"etcdkit/snapshot"
)

// copyPiece is how much of a finished database is copied between two looks at
// the context.
const copyPiece = 64 << 20

// checksum says how to treat the sha256 at the end of a source.
type checksum int

const (
	verifySum checksum = iota
	ignoreSum          // there is none, or it is ignored
)

// copyVerified copies the database in the snapshot to path, and checks its
// sha256 and every page.
func (b *builder) copyVerified(ctx context.Context, path string) (st snapshot.Status, err error) {
	switch {
	case b.cfg.Snapshot != nil:
		return b.receive(ctx, path)
	case b.cfg.File != nil:
		return b.copyLayered(ctx, path)
	}
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

// receive is copyVerified for a snapshot that can be read only once.
func (b *builder) receive(ctx context.Context, path string) (st snapshot.Status, err error) {
	dst, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return st, err
	}
	defer func() { err = errors.Join(err, dst.Close()) }()
	size, sumErr, err := snapshot.Receive(ctx, b.cfg.Snapshot, dst)
	switch {
	case err != nil:
		return st, fmt.Errorf("read %s: %w", b.cfg.SnapshotPath, err)
	case b.cfg.SkipHashCheck:
	case errors.Is(sumErr, snapshot.ErrNoChecksum):
		return st, &missingHashError{}
	case sumErr != nil:
		return st, sumErr
	}
	if err := dst.Truncate(size); err != nil {
		return st, err
	}
	f, err := snapshot.Open(path)
	if err != nil {
		return st, fmt.Errorf("read %s: %w", b.cfg.SnapshotPath, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if whole := f.DataSize(); whole < size { // a part of a sha256 follows
		if err := dst.Truncate(whole); err != nil {
			return st, err
		}
	}
	if st, err = scan(ctx, path, 0); err != nil {
		return st, err
	}
	return st, f.WriteEmptyFreelist(dst)
}

// copyDB copies a database to a new file at path. While copying, it hashes the
// copy and compares its sha256 with that of the source; when the copy is
// complete, it checks every page, while the disk is still writing. Hashing
// takes longest, so the check leaves it a processor. A source that changes
// meanwhile is an error.
func copyDB(ctx context.Context, path string, src *snapshot.File, sum checksum) (st snapshot.Status, err error) {
	dst, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return st, err
	}
	defer func() { err = errors.Join(err, dst.Close()) }()
	if err := output.Reserve(dst, src.DataSize()); err != nil {
		return st, err
	}
	check := func() error { return nil }
	written := func(int64) {}
	hashers := 0
	if sum == verifySum {
		h := newHasher(dst, src.Data().Size())
		defer h.end()
		check = func() error { return h.compare(src.Checksum()) }
		written = h.written
		hashers = 1
	}
	var from int64
	err = src.CopyTo(ctx, dst, func(to int64) {
		output.StartWriting(dst, from, to-from)
		written(to)
		from = to
	})
	if err != nil {
		return st, err
	}
	if whole := src.DataSize(); whole < from { // a part of a sha256 follows
		if err := errors.Join(check(), dst.Truncate(whole)); err != nil {
			return st, err
		}
	}
	synced := make(chan error, 1)
	go func() { synced <- dst.Sync() }()
	st, err = scan(ctx, path, hashers)
	syncErr := <-synced
	if sumErr := check(); sumErr != nil { // which is more specific than the error of a scan
		return st, sumErr
	}
	if err := errors.Join(err, syncErr); err != nil {
		return st, err
	}
	if err := src.Unchanged(); err != nil {
		return st, fmt.Errorf("copy %s: %w", src.Path(), err)
	}
	return st, src.WriteEmptyFreelist(dst)
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

// scan checks the copy, which bbolt is about to map and to trust. It leaves
// spare processors to others.
func scan(ctx context.Context, path string, spare int) (_ snapshot.Status, err error) {
	f, err := snapshot.Open(path)
	if err != nil {
		return snapshot.Status{}, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return f.Check(ctx, spare)
}
