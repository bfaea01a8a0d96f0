// Package defrag rewrites the database of a stopped server without its free
// pages. It imports bbolt, which the rest of the engine does without, and no
// cobra, no printer and nothing that opens a connection.
package defrag

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"etcdkit/internal/lock"
	"etcdkit/internal/output"
	"etcdkit/internal/space"
	"etcdkit/snapshot"
)

// tmpName is the name of the new database until it is complete. A server
// removes files of this name when it starts (etcdserver/api/snap,
// snapshotter.go), in case a killed run has left one.
const tmpName = "db.tmp.*"

// Options are the options of Run.
type Options struct {
	// Wait is how long to wait for a server to let go of the database; 0 is
	// without end.
	Wait time.Duration
}

// Result describes a completed run: sizes in bytes.
type Result struct {
	Before, After int64
}

// Run rewrites the database at path in the order of its keys, with full pages.
//
// Every page of the database is checked on the way. The new one is built beside
// it, scanned, compared with it, synced and renamed; until then the old one is
// untouched, and after an error, or when ctx is done, nothing else is left. The
// new file has the owner and the mode of the old one. Its memory is some
// buffers, whatever the size.
func Run(ctx context.Context, path string, o Options) (_ Result, err error) {
	held, err := hold(ctx, path, o.Wait)
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, ignoreClosed(held.Close())) }()
	src, err := snapshot.Open(path)
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, ignoreClosed(src.Close())) }()
	tmp, err := prepare(ctx, src)
	if err != nil {
		return Result{}, err
	}
	defer func() {
		if rmErr := os.Remove(tmp); !errors.Is(rmErr, os.ErrNotExist) {
			err = errors.Join(err, rmErr)
		}
	}()
	want, err := rewrite(ctx, src, tmp)
	if err != nil {
		return Result{}, err
	}
	after, err := compare(ctx, tmp, want)
	if err != nil {
		return Result{}, err
	}
	if err := output.SameOwner(tmp, held); err != nil {
		return Result{}, err
	}
	if err := src.Unchanged(); err != nil {
		return Result{}, err
	}
	if runtime.GOOS == "windows" { // which does not rename onto an open file
		if err := errors.Join(src.Close(), held.Close()); err != nil {
			return Result{}, err
		}
	}
	if err := ctx.Err(); err != nil {
		return Result{}, context.Cause(ctx)
	}
	return Result{Before: src.Size(), After: after}, output.Replace(tmp, path)
}

func ignoreClosed(err error) error {
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}

// hold takes the lock that a server holds on its database. Another run may
// have put a new file in its place while this one waited.
func hold(ctx context.Context, path string, wait time.Duration) (*os.File, error) {
	for {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			return nil, err
		}
		if err := lock.Wait(ctx, f, lock.Exclusive, wait); err != nil && !errors.Is(err, errors.ErrUnsupported) {
			return nil, errors.Join(err, f.Close())
		}
		mine, err := f.Stat()
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		if named, err := os.Stat(path); err == nil && os.SameFile(mine, named) {
			return f, nil
		}
		if err := f.Close(); err != nil {
			return nil, err
		}
	}
}

// prepare creates the file to write to, replacing any that killed runs have
// left, if there is room for it.
func prepare(ctx context.Context, src *snapshot.File) (string, error) {
	dir := filepath.Dir(src.Path())
	left, err := filepath.Glob(filepath.Join(output.Escape(dir), tmpName))
	if err != nil {
		return "", err
	}
	for _, path := range left {
		if err := os.Remove(path); err != nil {
			return "", err
		}
	}
	// If there is less room than the whole file needs, the pages in use count.
	if err := space.Check(dir, src.DataSize()); err != nil {
		st, err := src.Scan(ctx)
		if err == nil {
			err = space.Check(dir, st.UsedSize)
		}
		if err != nil {
			return "", err
		}
	}
	f, err := os.CreateTemp(dir, tmpName)
	if err != nil {
		return "", err
	}
	return f.Name(), f.Close()
}

// compare checks that the new database has the contents of the old one, while
// the disk is still writing.
func compare(ctx context.Context, path string, want content) (size int64, err error) {
	synced := make(chan error, 1)
	go func() { synced <- output.SyncFile(path) }()
	defer func() { err = errors.Join(err, <-synced) }()
	f, err := snapshot.Open(path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	got, err := f.Scan(ctx)
	if err != nil {
		return 0, err
	}
	if (content{got.Hash, got.TotalRecords}) != want {
		return 0, fmt.Errorf("the new database has %d records with hash %x, the old one %d with %x",
			got.TotalRecords, got.Hash, want.records, want.hash)
	}
	return f.Size(), nil
}
