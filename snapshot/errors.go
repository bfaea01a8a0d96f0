package snapshot

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
)

var (
	// ErrCorrupt is wrapped by every error about content that cannot be right.
	ErrCorrupt = errors.New("corrupt snapshot")
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
const NoPage = -1

// CorruptError says where a file is damaged and how. It matches ErrCorrupt.
type CorruptError struct {
	Page   int64  // page id, or NoPage
	Bucket string // name of the bucket, where known
	Key    []byte // key of the record, where known
	Detail string
	kind   FaultKind
}

// Error names the page, the bucket and the key, as far as they are known.
func (e *CorruptError) Error() string { return ErrCorrupt.Error() + ": " + e.Where() }

// Where is the error without the words that it is one.
func (e *CorruptError) Where() string {
	var parts []string
	if e.Page != NoPage {
		parts = append(parts, fmt.Sprintf("page %d", e.Page))
	}
	if e.Bucket != "" {
		parts = append(parts, fmt.Sprintf("bucket %q", e.Bucket))
	}
	if e.Key != nil {
		parts = append(parts, fmt.Sprintf("key %s", keyText(e.Key)))
	}
	if len(parts) == 0 {
		return e.Detail
	}
	return strings.Join(parts, ", ") + ": " + e.Detail
}

// Unwrap makes errors.Is(err, ErrCorrupt) true.
func (e *CorruptError) Unwrap() error { return ErrCorrupt }

// keyText quotes a key, cut to a length that fits a line of an error message.
func keyText(key []byte) string {
	const most = 64
	if len(key) > most {
		return fmt.Sprintf("%q... (%d bytes)", key[:most], len(key))
	}
	return fmt.Sprintf("%q", key)
}

func corrupt(page int64, format string, args ...any) *CorruptError {
	return &CorruptError{Page: page, Detail: fmt.Sprintf(format, args...)}
}

// inBucket adds the bucket's name to a CorruptError that does not have one.
func inBucket(err error, name string) error {
	var c *CorruptError
	if errors.As(err, &c) && c.Bucket == "" {
		c.Bucket = name
	}
	return err
}

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
