package snapshot

import (
	"context"
	"crypto/sha256"
)

// readSize is how much is read at once where a whole file is read in order.
const readSize = 1 << 20

// VerifyChecksum reads the file once and compares its sha256 with the one at
// its end. It returns ErrNoChecksum where the file ends without one, and a
// *ChecksumError where they differ.
func (f *File) VerifyChecksum(ctx context.Context) error {
	if !f.valid {
		return ErrNoChecksum
	}
	h := sha256.New()
	buf := make([]byte, min(readSize, f.data))
	for off := int64(0); off < f.data; {
		if err := canceled(ctx); err != nil {
			return err
		}
		b := buf[:min(int64(len(buf)), f.data-off)]
		if err := f.readAt(b, off); err != nil {
			return err
		}
		_, _ = h.Write(b) // a hash does not fail
		off += int64(len(b))
	}
	if got := [sha256.Size]byte(h.Sum(nil)); got != f.sum {
		return &ChecksumError{Want: f.sum, Got: got}
	}
	return nil
}
