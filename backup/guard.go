package backup

import (
	"context"
	"io"
	"iter"
	"time"

	"etcdkit/backup/store"
)

// StoreError is an error of the store, as opposed to one of what is stored.
type StoreError struct{ Err error }

func (e *StoreError) Error() string { return e.Err.Error() }

// Unwrap returns the error of the store.
func (e *StoreError) Unwrap() error { return e.Err }

func storeError(err error) error {
	if err == nil || err == io.EOF { //nolint:errorlint // a wrapped one is not the end
		return err
	}
	return &StoreError{err}
}

// New returns the repository in a store. by is the program and its version. Its
// errors are a *StoreError if the store failed, and wrap ErrDamaged if a backup
// is not what it should be.
func New(s store.Store, by string, now func() time.Time) *Repository {
	return &Repository{Store: guarded{s}, By: by, Now: now}
}

// guarded marks the errors of a store.
type guarded struct{ store.Store }

func (g guarded) Put(ctx context.Context, name string, r io.Reader, o store.PutOptions) (store.Object, error) {
	object, err := g.Store.Put(ctx, name, r, o)
	return object, storeError(err)
}

func (g guarded) Get(ctx context.Context, name string, offset, length int64) (io.ReadCloser, error) {
	body, err := g.Store.Get(ctx, name, offset, length)
	if err != nil {
		return nil, storeError(err)
	}
	return guardedBody{body}, nil
}

// guardedBody marks the errors of reading an object.
type guardedBody struct{ io.ReadCloser }

func (b guardedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	return n, storeError(err)
}

func (g guarded) List(ctx context.Context, prefix string) iter.Seq2[store.Object, error] {
	return func(yield func(store.Object, error) bool) {
		for object, err := range g.Store.List(ctx, prefix) {
			if !yield(object, storeError(err)) {
				return
			}
		}
	}
}

func (g guarded) Delete(ctx context.Context, name string) error {
	return storeError(g.Store.Delete(ctx, name))
}

func (g guarded) Incomplete(ctx context.Context, prefix string) iter.Seq2[store.Upload, error] {
	return func(yield func(store.Upload, error) bool) {
		for u, err := range g.Store.Incomplete(ctx, prefix) {
			if !yield(u, storeError(err)) {
				return
			}
		}
	}
}

func (g guarded) Abort(ctx context.Context, u store.Upload) error {
	return storeError(g.Store.Abort(ctx, u))
}
