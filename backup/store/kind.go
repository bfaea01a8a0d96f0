package store

import (
	"errors"
	"io/fs"
	"syscall"
)

// WithKind returns err as one of the kinds of failure of this package: its text
// is that of err, and errors.Is finds both. If err is nil, it is the kind alone.
func WithKind(kind, err error) error {
	if err == nil {
		return kind
	}
	return &failure{kind, err}
}

type failure struct{ kind, err error }

func (f *failure) Error() string   { return f.err.Error() }
func (f *failure) Unwrap() []error { return []error{f.kind, f.err} }

// fileError gives an error of the file system its kind.
func fileError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return WithKind(ErrNotFound, err)
	case errors.Is(err, fs.ErrExist):
		return WithKind(ErrExists, err)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return WithKind(ErrDenied, err)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return WithKind(ErrFull, err)
	}
	return err
}
