// Package lines reads and writes many key-value pairs as text: JSON lines, of
// which docs/bulk.md is the contract, and pairs that NUL bytes separate; either
// may be compressed by zstd.
//
// It imports nothing of this module, and neither etcd's packages nor the
// command line.
package lines

import "fmt"

// Pair is a key with its value. The slices are its own.
type Pair struct {
	Key, Value []byte
	Lease      int64 // id of the lease where the pair was read; 0 is none, or that it is not known
	TTL        int64 // seconds that a lease of it has; 0 is no lease

	Created, Modified, Version int64 // where the pair was read; 0 is that they are not known
}

// Broken is the error of a line that holds no pair, with the others as they
// are.
type Broken struct {
	Unit string // "line", or "pair" if pairs and lines do not match
	Line int64  // counted from 1
	Err  error
}

func (b *Broken) Error() string { return fmt.Sprintf("%s %d: %v", b.Unit, b.Line, b.Err) }
func (b *Broken) Unwrap() error { return b.Err }
