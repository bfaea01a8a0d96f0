package snapshot

import (
	"crypto/sha256"
	"errors"
	"fmt"

	"etcdkit/snapshot/bolt"
)

var (
	// ErrCorrupt is wrapped by every error about content that cannot be right.
	ErrCorrupt = bolt.ErrCorrupt
	// ErrChecksum is wrapped, together with ErrCorrupt, when the sha256 at the
	// end of a file is not that of the bytes before it.
	ErrChecksum = errors.New("snapshot checksum mismatch")
	// ErrNoChecksum says that a file ends without a sha256, as a plain copy of
	// a server's db file does.
	ErrNoChecksum = errors.New("snapshot has no checksum")
	// ErrChanged says that a file was written to while it was read, as happens
	// to the db file of a running server. What was read is not an answer.
	ErrChanged = errors.New("file changed while it was read: is an etcd server running on it?")
)

// NoPage is the Page of a CorruptError that is not about one page.
const NoPage = bolt.NoPage

// CorruptError says where a file is damaged and how. It matches ErrCorrupt.
type CorruptError = bolt.CorruptError

// ChecksumError carries both hashes of a mismatch. It matches ErrChecksum and
// ErrCorrupt.
type ChecksumError struct {
	Want [sha256.Size]byte // at the end of the file
	Got  [sha256.Size]byte // of the bytes before it
}

// Error has the text of etcdutl's restore, with the hashes in hexadecimal.
func (e *ChecksumError) Error() string {
	return fmt.Sprintf("expected sha256 %x, got %x", e.Want, e.Got)
}

// Unwrap makes errors.Is true for ErrChecksum and ErrCorrupt.
func (e *ChecksumError) Unwrap() []error { return []error{ErrChecksum, ErrCorrupt} }
