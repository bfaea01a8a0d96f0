package output

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"etcdkit/internal/lock"
)

// File is a file on its way to a path. Until Commit it is called path.part and
// can be read by its owner alone; whatever is at path stays as it is.
type File struct {
	f    *os.File
	info os.FileInfo
	path string
	done bool
}

// Create starts a file for path, in place of a path.part that an earlier run
// has left behind; that of a run which is at work is an error. The caller ends
// it with Commit and Abort. What is at path may be a regular file or a link to
// one: root could rename a file over /dev/null, and have the machine without
// it.
func Create(path string) (*File, error) {
	switch info, err := os.Stat(path); {
	case err != nil || info.Mode().IsRegular():
	case info.IsDir():
		return nil, fmt.Errorf("could not write %s: is a directory", path)
	default:
		return nil, fmt.Errorf("could not write %s: not a regular file, which is what it would be replaced with", path)
	}
	part := path + ".part"
	if err := sweepPart(path, part); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(part, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("could not open %s (%w)", part, err)
	}
	lock.Try(f) // where locks do not work, Commit finds out
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(part))
	}
	return &File{f: f, info: info, path: path}, nil
}

// sweepPart removes the part that an earlier run has left of a file.
func sweepPart(path, part string) error {
	switch info, err := os.Lstat(part); {
	case err != nil:
		return nil //nolint:nilerror // not there, or making it will tell
	case !info.Mode().IsRegular():
		return fmt.Errorf("could not open %s: it is in the way and is no regular file", part)
	case inUse(part):
		return fmt.Errorf("could not write %s: another program is writing it, as %s", path, part)
	}
	if err := os.Remove(part); err != nil {
		return fmt.Errorf("could not open %s (%w)", part, err)
	}
	return nil
}

// inUse tells whether a program holds the lock of the file that it writes.
func inUse(part string) bool {
	f, err := os.OpenFile(part, os.O_RDWR, 0)
	if err != nil {
		return false
	}
	defer f.Close() //nolint:errcheck // nothing was written
	return lock.Held(f)
}

// Name is where the file is while it is written.
func (f *File) Name() string { return f.f.Name() }

// Write appends b.
func (f *File) Write(b []byte) (int, error) { return f.f.Write(b) }

// Commit syncs the file, gives it its name and makes the name last.
func (f *File) Commit() error {
	if err := f.f.Sync(); err != nil {
		return fmt.Errorf("could not fsync %s: %w", f.Name(), err)
	}
	if err := f.f.Close(); err != nil {
		return fmt.Errorf("could not close %s: %w", f.Name(), err)
	}
	if !f.mine() {
		return fmt.Errorf("%s was replaced: is another program writing %s?", f.Name(), f.path)
	}
	if err := os.Rename(f.Name(), f.path); err != nil {
		return fmt.Errorf("could not rename %s to %s (%w)", f.Name(), f.path, err)
	}
	f.done = true
	return syncDir(filepath.Dir(f.path))
}

// Abort removes the file. After a successful Commit it does nothing.
func (f *File) Abort() error {
	if f.done {
		return nil
	}
	f.done = true
	err := f.f.Close()
	if errors.Is(err, os.ErrClosed) {
		err = nil
	}
	if f.mine() {
		err = errors.Join(err, os.Remove(f.Name()))
	}
	return err
}

// mine tells whether the name still leads to this file, and not to that of
// another program which took it for a leftover.
func (f *File) mine() bool {
	named, err := os.Lstat(f.Name())
	return err == nil && os.SameFile(f.info, named)
}

// syncDir makes the names in a directory last.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" { // which cannot sync directories
		return nil
	}
	return syncPath(dir)
}

func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// WriteFile gives a file this content, wholly or not at all.
func WriteFile(path string, content []byte) error {
	f, err := Create(path)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Commit()
	}
	return errors.Join(err, f.Abort())
}
