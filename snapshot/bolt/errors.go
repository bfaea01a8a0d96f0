package bolt

import (
	"errors"
	"fmt"
	"strings"
)

// ErrCorrupt is wrapped by every error about content that cannot be right.
var ErrCorrupt = errors.New("corrupt snapshot")

// NoPage is the Page of a CorruptError that is not about one page.
const NoPage = -1

// Kind is what a CorruptError is about.
type Kind int

// The kinds of damage.
const (
	InTree Kind = iota // a page, or the order of keys
	InUse              // a page used twice, both free and in use, or lost
)

// CorruptError says where a file is damaged and how. It matches ErrCorrupt.
type CorruptError struct {
	Page   int64  // page id, or NoPage
	Bucket string // name of the bucket, where known
	Key    []byte // key of the record, where known
	Detail string
	Kind   Kind
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
		parts = append(parts, "key "+KeyText(e.Key))
	}
	if len(parts) == 0 {
		return e.Detail
	}
	return strings.Join(parts, ", ") + ": " + e.Detail
}

// Unwrap makes errors.Is(err, ErrCorrupt) true.
func (e *CorruptError) Unwrap() error { return ErrCorrupt }

// KeyText quotes a key, cut to a length that fits a line of an error message.
func KeyText(key []byte) string {
	const most = 64
	if len(key) > most {
		return fmt.Sprintf("%q... (%d bytes)", key[:most], len(key))
	}
	return fmt.Sprintf("%q", key)
}

// Corrupt makes a CorruptError about a page, or NoPage.
func Corrupt(page int64, format string, args ...any) *CorruptError {
	return &CorruptError{Page: page, Detail: fmt.Sprintf(format, args...)}
}

// InBucket adds the bucket's name to a CorruptError that does not have one.
func InBucket(err error, name string) error {
	var c *CorruptError
	if errors.As(err, &c) && c.Bucket == "" {
		c.Bucket = name
	}
	return err
}
