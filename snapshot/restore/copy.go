package restore

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"

	"etcdkit/snapshot"
)

// The copy goes through this many buffers of this size.
const (
	copyBuffers = 4
	copySize    = 1 << 20
)

// copyVerified copies the database in the snapshot to path, comparing its
// sha256 on the way, and checks every page of the copy.
func (b *builder) copyVerified(ctx context.Context, path string) (st snapshot.Status, err error) {
	src, err := snapshot.Open(b.cfg.SnapshotPath)
	if err != nil {
		return st, err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	if !src.HasChecksum() && !b.cfg.SkipHashCheck {
		return st, &missingHashError{}
	}
	dst, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return st, err
	}
	defer func() { err = errors.Join(err, dst.Close()) }()
	if err := b.copyHashed(ctx, dst, src); err != nil {
		return st, err
	}
	if err := dst.Truncate(src.DataSize()); err != nil {
		return st, err
	}
	if err := src.Unchanged(); err != nil {
		return st, fmt.Errorf("copy %s: %w", b.cfg.SnapshotPath, err)
	}
	// The disk works on the copy while its pages are checked.
	synced := make(chan error, 1)
	go func() { synced <- dst.Sync() }()
	st, err = scan(ctx, path)
	return st, errors.Join(err, <-synced)
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

// copyHashed writes on this goroutine and hashes on another.
func (b *builder) copyHashed(ctx context.Context, dst io.Writer, src *snapshot.File) error {
	h := newHasher(!b.cfg.SkipHashCheck)
	err := copyAll(ctx, dst, src, h)
	got := h.sum() // also ends its goroutine
	if err != nil {
		return err
	}
	if want := src.Checksum(); !b.cfg.SkipHashCheck && got != want {
		return &snapshot.ChecksumError{Want: want, Got: got}
	}
	return nil
}

func copyAll(ctx context.Context, dst io.Writer, src *snapshot.File, h *hasher) error {
	r := src.Data()
	for left := r.Size(); left > 0; {
		if err := canceled(ctx); err != nil {
			return err
		}
		buf := <-h.free
		buf = buf[:min(left, copySize)]
		if _, err := io.ReadFull(r, buf); err != nil {
			return fmt.Errorf("read %s: %w", src.Path(), err)
		}
		h.todo <- buf
		if _, err := dst.Write(buf); err != nil {
			return err
		}
		left -= int64(len(buf))
	}
	return nil
}

// hasher hashes buffers on a goroutine of its own. A buffer sent to todo comes
// back in free when it has been hashed; the one goroutine that uses a hasher
// takes the next buffer only after it has written the last one, so that both
// are done with it.
type hasher struct {
	free, todo chan []byte
	result     chan [sha256.Size]byte
}

// newHasher starts a hasher; one that is not wanted only passes buffers on.
func newHasher(wanted bool) *hasher {
	h := &hasher{
		free:   make(chan []byte, copyBuffers),
		todo:   make(chan []byte, copyBuffers),
		result: make(chan [sha256.Size]byte, 1),
	}
	for range copyBuffers {
		h.free <- make([]byte, copySize)
	}
	go func() {
		sum := sha256.New()
		for b := range h.todo {
			if wanted {
				_, _ = sum.Write(b) // a hash does not fail
			}
			h.free <- b[:copySize]
		}
		h.result <- [sha256.Size]byte(sum.Sum(nil))
	}()
	return h
}

// sum ends the hasher.
func (h *hasher) sum() [sha256.Size]byte {
	close(h.todo)
	return <-h.result
}
