package raftlog

import (
	"errors"
	"fmt"

	"etcdkit/snapshot"
)

// ErrNoLog says that a directory has no WAL in it.
var ErrNoLog = errors.New("no WAL in the directory")

// DamageError says where a file is damaged and how. It matches
// snapshot.ErrCorrupt.
type DamageError struct {
	File   string
	Offset int64 // in bytes, or NoOffset
	Detail string
}

// NoOffset is the Offset of a DamageError that is about a whole file.
const NoOffset = -1

// Error names the file and the place in it.
func (e *DamageError) Error() string {
	if e.Offset == NoOffset {
		return fmt.Sprintf("corrupt file %s: %s", e.File, e.Detail)
	}
	return fmt.Sprintf("corrupt file %s: byte %d: %s", e.File, e.Offset, e.Detail)
}

// Unwrap makes errors.Is(err, snapshot.ErrCorrupt) true.
func (e *DamageError) Unwrap() error { return snapshot.ErrCorrupt }

func damaged(file, format string, args ...any) *DamageError {
	return &DamageError{File: file, Offset: NoOffset, Detail: fmt.Sprintf(format, args...)}
}
