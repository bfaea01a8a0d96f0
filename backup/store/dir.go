package store

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"etcdkit/internal/lock"
	"etcdkit/internal/output"
)

// The name of an upload in progress is that of the object with a dot before it
// and an id and this suffix behind it. No object can be called so.
const (
	partSuffix = ".part"
	idBytes    = 8
)

// chunk is how much of an object is copied at once.
const chunk = 256 << 10

// Dir is a store in a directory: an object is the file of that name. Files and
// directories that it makes are for their owner alone. Reading changes nothing,
// so a directory that can't be written to can be read.
type Dir struct{ root string }

// NewDir returns the store in the directory at path, which Put makes if it is
// missing. A symbolic link is followed, also if it is changed later.
func NewDir(path string) *Dir { return &Dir{root: filepath.Clean(path)} }

// Location is the path.
func (d *Dir) Location() string { return d.root }

// Close does nothing.
func (d *Dir) Close() error { return nil }

func (d *Dir) path(name string) string { return filepath.Join(d.root, filepath.FromSlash(name)) }

// Put writes a temporary file beside the final place, syncs it and gives it its
// name.
func (d *Dir) Put(ctx context.Context, name string, r io.Reader, o PutOptions) (Object, error) {
	if err := CheckName(name); err != nil {
		return Object{}, err
	}
	path := d.path(name)
	if o.IfAbsent {
		if _, err := os.Lstat(path); err == nil {
			return Object{}, d.exists(name)
		}
	}
	tmp, err := d.upload(path, Reader(ctx, r, o))
	if err != nil {
		d.tidy(filepath.Dir(path))
		return Object{}, fileError(err)
	}
	place := output.Replace
	if o.IfAbsent {
		place = output.Place
	}
	if err := place(tmp, path); err != nil {
		removeErr := os.Remove(tmp)
		if errors.Is(removeErr, fs.ErrNotExist) { // it has its name, which could not be synced
			removeErr = nil
		}
		if errors.Is(err, fs.ErrExist) {
			return Object{}, errors.Join(d.exists(name), removeErr)
		}
		return Object{}, fileError(errors.Join(err, removeErr))
	}
	info, err := os.Stat(path)
	if err != nil {
		return Object{}, fileError(err)
	}
	return Object{Name: name, Size: info.Size(), Modified: info.ModTime()}, nil
}

func (d *Dir) exists(name string) error {
	return WithKind(ErrExists, fmt.Errorf("%s exists already", d.path(name)))
}

// upload writes a temporary file for path and returns its name.
func (d *Dir) upload(path string, r io.Reader) (tmp string, err error) {
	f, err := d.temporary(path)
	if err != nil {
		return "", err
	}
	_ = lock.Try(f) // where locks do not work, Abort can't see that it is in use
	_, err = io.CopyBuffer(struct{ io.Writer }{f}, r, make([]byte, chunk))
	if err = errors.Join(err, f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// temporary creates the file of an upload to path. A Delete may remove the
// directory while it is empty.
func (d *Dir) temporary(path string) (*os.File, error) {
	dir, base := filepath.Split(path)
	id := make([]byte, idBytes)
	_, _ = rand.Read(id) // never fails
	tmp := filepath.Join(dir, "."+base+"."+hex.EncodeToString(id)+partSuffix)
	for try := 0; ; try++ {
		if err := makeDirs(filepath.Clean(dir)); err != nil {
			return nil, err
		}
		f, err := os.OpenFile(tmp, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if err == nil || !errors.Is(err, fs.ErrNotExist) || try == 10 {
			return f, err
		}
	}
}

// makeDirs makes a directory and those above it that are missing, and makes
// their names last.
func makeDirs(dir string) error {
	if info, err := os.Stat(dir); err == nil {
		if !info.IsDir() {
			return fmt.Errorf("%s is not a directory", dir)
		}
		return nil
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := makeDirs(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		if errors.Is(err, fs.ErrExist) {
			if info, statErr := os.Stat(dir); statErr == nil && info.IsDir() { // made by another process
				return nil
			}
		}
		return err
	}
	return output.SyncDir(parent)
}

// Get opens the file.
func (d *Dir) Get(ctx context.Context, name string, offset, length int64) (io.ReadCloser, error) {
	if err := errors.Join(CheckName(name), CheckRange(offset, length)); err != nil {
		return nil, err
	}
	path := d.path(name)
	info, err := os.Lstat(path)
	if err != nil {
		return nil, d.absent(name, err)
	}
	if !info.Mode().IsRegular() { // opening a pipe would wait
		return nil, WithKind(ErrNotFound, fmt.Errorf("%s is not a regular file", path))
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, d.absent(name, err)
	}
	if _, err := f.Seek(offset, io.SeekStart); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	var r io.Reader = reader{ctx, f}
	if length >= 0 {
		r = io.LimitReader(r, length)
	}
	return struct {
		io.Reader
		io.Closer
	}{r, f}, nil
}

// absent is the error of a file that can't be opened: the directory of the
// store may be what is missing.
func (d *Dir) absent(name string, err error) error {
	if !errors.Is(err, fs.ErrNotExist) {
		return fileError(err)
	}
	if missing := d.missing(); missing != nil {
		return missing
	}
	return WithKind(ErrNotFound, fmt.Errorf("%s does not exist", d.path(name)))
}

// missing returns an error if there is no directory of the store.
func (d *Dir) missing() error {
	switch info, err := os.Stat(d.root); {
	case errors.Is(err, fs.ErrNotExist):
		return WithKind(ErrMissing, fmt.Errorf("directory %s does not exist", d.root))
	case err != nil:
		return fileError(err)
	case !info.IsDir():
		return WithKind(ErrMissing, fmt.Errorf("%s is not a directory", d.root))
	}
	return nil
}

// Delete removes the file, and the directories above it that it leaves empty.
func (d *Dir) Delete(_ context.Context, name string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	return d.remove(d.path(name))
}

func (d *Dir) remove(path string) error {
	info, err := os.Lstat(path)
	if err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a regular file", path)
	}
	if err == nil {
		err = os.Remove(path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fileError(err)
	}
	if err := output.SyncDir(filepath.Dir(path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fileError(err)
	}
	d.tidy(filepath.Dir(path))
	return nil
}

// tidy removes a directory and those above it, below the store's, as far as they
// are empty.
func (d *Dir) tidy(dir string) {
	for ; strings.HasPrefix(dir, d.root+string(filepath.Separator)); dir = filepath.Dir(dir) {
		if os.Remove(dir) != nil { // which refuses what is not empty
			return
		}
	}
}
