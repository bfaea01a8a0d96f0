package snapshot

import (
	"context"
	"crypto/sha256"
)

// A whole file that is read in order goes through this many buffers of this
// size, which the processor's own cache can hold.
const (
	readBuffers = 4
	readSize    = 256 << 10
)

// VerifyChecksum reads the file once and compares its sha256 with the one at
// its end. It returns ErrNoChecksum where the file ends without one, and a
// *ChecksumError where they differ.
func (f *File) VerifyChecksum(ctx context.Context) error {
	if !f.valid {
		return ErrNoChecksum
	}
	h := sha256.New()
	err := f.inOrder(ctx, func(b []byte) { _, _ = h.Write(b) }) // a hash does not fail
	if err != nil {
		return err
	}
	if got := [sha256.Size]byte(h.Sum(nil)); got != f.sum {
		return &ChecksumError{Want: f.sum, Got: got}
	}
	return nil
}

// inOrder hands the database part of the file to use, piece by piece. What
// follows is read meanwhile, on another goroutine: hashing takes longest of
// all that is done to a file, so it has to wait for nothing.
func (f *File) inOrder(ctx context.Context, use func([]byte)) error {
	free, full := make(chan []byte, readBuffers), make(chan []byte, readBuffers)
	for range readBuffers {
		free <- make([]byte, min(readSize, f.data))
	}
	var failed error
	go func() {
		defer close(full)
		for off := int64(0); off < f.data && failed == nil; off += readSize {
			b := (<-free)[:min(readSize, f.data-off)]
			if failed = canceled(ctx); failed == nil {
				failed = f.readAt(b, off)
			}
			if failed == nil {
				full <- b
			}
		}
	}()
	for b := range full {
		use(b)
		free <- b[:cap(b)]
	}
	return failed
}
