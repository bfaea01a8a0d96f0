package restore

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"

	"etcdkit/snapshot"
)

// The copy goes through this many buffers of this size.
const (
	copyBuffers = 4
	copySize    = 1 << 20
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

// copyVerified copies the database in the snapshot to path, comparing its
// sha256 on the way, and checks every page of the copy.
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

// copyDB copies a database to a new file at path, and checks every page of the
// copy. A source that changes meanwhile is an error.
func copyDB(ctx context.Context, path string, src *snapshot.File, sum checksum) (st snapshot.Status, err error) {
	dst, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return st, err
	}
	defer func() { err = errors.Join(err, dst.Close()) }()
	if err := copyHashed(ctx, dst, src, sum); err != nil {
		return st, err
	}
	if err := dst.Truncate(src.DataSize()); err != nil {
		return st, err
	}
	if err := src.Unchanged(); err != nil {
		return st, fmt.Errorf("copy %s: %w", src.Path(), err)
	}
	// The disk works on the copy while its pages are checked.
	synced := make(chan error, 1)
	go func() { synced <- dst.Sync() }()
	st, err = scan(ctx, path)
	if err := errors.Join(err, <-synced); err != nil {
		return st, err
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
func copyHashed(ctx context.Context, dst io.Writer, src *snapshot.File, sum checksum) error {
	h := newHasher()
	if sum == ignoreSum {
		h.sum = nil
	}
	go h.run()
	err := copyAll(ctx, dst, src, h)
	got := h.end()
	if err != nil {
		return err
	}
	if want := src.Checksum(); sum == verifySum && got != want {
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
		if _, err := io.ReadFull(r, buf); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("read %s: %w", src.Path(), snapshot.ErrChanged) // it has become shorter
		} else if err != nil {
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
	sum        hash.Hash // nil only passes buffers on
	free, todo chan []byte
	result     chan [sha256.Size]byte
}

func newHasher() *hasher {
	h := &hasher{
		sum:    sha256.New(),
		free:   make(chan []byte, copyBuffers),
		todo:   make(chan []byte, copyBuffers),
		result: make(chan [sha256.Size]byte, 1),
	}
	for range copyBuffers {
		h.free <- make([]byte, copySize)
	}
	return h
}

// run hashes until end is called.
func (h *hasher) run() {
	var result [sha256.Size]byte
	for b := range h.todo {
		if h.sum != nil {
			_, _ = h.sum.Write(b) // a hash does not fail
		}
		h.free <- b[:copySize]
	}
	if h.sum != nil {
		h.sum.Sum(result[:0])
	}
	h.result <- result
}

// end ends run, and returns the hash of all that was sent.
func (h *hasher) end() [sha256.Size]byte {
	close(h.todo)
	return <-h.result
}
