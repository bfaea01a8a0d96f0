// Package store keeps the immutable objects of a backup repository: in a
// directory, in memory, or through a program of the user's. Package s3 below it
// keeps them in an S3 bucket. It knows neither etcd nor what the objects are,
// and imports nothing of this module but internal/output and internal/lock.
package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"time"
)

// The kinds of failure. Errors of a Store wrap one of them where it applies;
// test with errors.Is.
var (
	// ErrNotFound says that there is no object of that name.
	ErrNotFound = errors.New("not found")
	// ErrExists says that a Put with IfAbsent found an object of that name.
	ErrExists = errors.New("exists already")
	// ErrMissing says that the store itself is missing: there is no such
	// directory or bucket. A Put to a directory makes it.
	ErrMissing = errors.New("store not found")
	// ErrNoBucket is an ErrMissing that no Put mends.
	ErrNoBucket = fmt.Errorf("%w: no such bucket", ErrMissing)
	// ErrDenied says that the store refuses: wrong or missing credentials or
	// permissions, or a read-only file system.
	ErrDenied = errors.New("permission denied")
	// ErrFull says that the store has no room left.
	ErrFull = errors.New("store full")
	// ErrInUse says that an upload that was to be aborted is in progress.
	ErrInUse = errors.New("in use")
	// ErrBadName says that a name can't be the name of an object.
	ErrBadName = errors.New("not the name of an object")
)

// Store holds immutable objects by name. A name is made of parts separated by
// slashes; CheckName has the rules. No name may be the directory of another:
// not every store can hold both "a" and "a/b".
//
// Methods may be called by several goroutines at once. They end early when ctx
// is done. Errors name the store and the object, never a secret.
type Store interface {
	// Put stores what r yields until its end, whole or not at all, and
	// durably: after an error, nothing has the name, or the old object still
	// does. An error of r is returned. It replaces an object of that name,
	// unless the options refuse that. If Put fails because an answer was
	// lost, the object may nevertheless exist.
	Put(ctx context.Context, name string, r io.Reader, o PutOptions) (Object, error)

	// Get reads an object from offset on: length bytes, or everything if
	// length is -1. What lies beyond the end of the object is left out. A
	// reader that ends with io.EOF has delivered all of it; if the store
	// ended early, it ends with another error. The caller closes it.
	Get(ctx context.Context, name string, offset, length int64) (io.ReadCloser, error)

	// List yields the objects whose names begin with prefix, in the order of
	// the bytes of their names. Files that no Put could have made are left
	// out. After an error it yields no more.
	List(ctx context.Context, prefix string) iter.Seq2[Object, error]

	// Delete removes an object. If there is none, that is no error.
	Delete(ctx context.Context, name string) error

	// Incomplete yields the uploads that have begun and not ended, those of
	// other running processes included, for names that begin with prefix.
	Incomplete(ctx context.Context, prefix string) iter.Seq2[Upload, error]

	// Abort removes an upload that Incomplete found. If it is gone, that is no
	// error; if the store can see that it is in progress, ErrInUse.
	Abort(ctx context.Context, u Upload) error

	// Location is how the store is called in messages, without secrets.
	Location() string

	// Close ends what the store has started. It is not used afterwards.
	Close() error
}

// Object describes an object.
type Object struct {
	Name     string
	Size     int64
	Modified time.Time // by the clock of the store, for display only
}

// Upload describes an upload that has not ended.
type Upload struct {
	Name    string    // of the object to be
	ID      string    // tells uploads of one name apart
	Size    int64     // bytes received, or -1 if the store does not know
	Changed time.Time // when it began or last grew, by the clock of the store
}

// PutOptions says how to store an object. The zero value stores an object of
// an unknown size, or replaces one.
type PutOptions struct {
	// IfAbsent makes Put fail with ErrExists if an object has the name. Of
	// several that put one name at once, one succeeds.
	IfAbsent bool
	// Size is how many bytes the reader yields, or 0 if that is not known.
	// Another number is an error.
	Size int64
}

// Reader is r for the Put of a store: it fails once ctx is done, or if it yields
// another number of bytes than the options promise.
func Reader(ctx context.Context, r io.Reader, o PutOptions) io.Reader {
	r = reader{ctx, r}
	if o.Size <= 0 {
		return r
	}
	return &sizedReader{r: r, left: o.Size, size: o.Size}
}

type sizedReader struct {
	r          io.Reader
	left, size int64
}

func (s *sizedReader) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.left -= int64(n)
	switch {
	case s.left < 0:
		return 0, fmt.Errorf("more than the %d bytes announced", s.size)
	case err == io.EOF && s.left > 0:
		return n, fmt.Errorf("%d of the %d bytes announced: %w", s.size-s.left, s.size, io.ErrUnexpectedEOF)
	}
	return n, err
}

// reader makes reads of r fail once ctx is done.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.r.Read(p)
}

// CheckRange checks the arguments of Get.
func CheckRange(offset, length int64) error {
	if offset < 0 || length == 0 || length < -1 {
		return fmt.Errorf("no range of an object: %d bytes from %d", length, offset)
	}
	return nil
}

// Sorted yields objects in the order of List.
func Sorted(all []Object, yield func(Object, error) bool) {
	slices.SortFunc(all, func(a, b Object) int { return strings.Compare(a.Name, b.Name) })
	for _, o := range all {
		if !yield(o, nil) {
			return
		}
	}
}
