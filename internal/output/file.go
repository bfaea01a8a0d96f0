package output

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"etcdkit/internal/lock"
)

// File is a file on its way to a path. Until Commit it is called path.part and
// can be read by its owner alone; an existing file at path is unchanged. A File
// for a pipe, or for a file that this process was started with, is a stream:
// its bytes are written at once.
type File struct {
	f      *os.File
	info   os.FileInfo
	path   string
	stream bool
	done   bool
}

// Create starts a file for path, in place of a path.part that an earlier run
// left behind; the part of a run that is still working is an error. The caller
// ends it with Commit and Abort.
//
// A symbolic link is followed, and the file that it names is replaced. Nothing
// but a regular file is ever replaced: root could rename a file over /dev/null
// and leave the machine without it. A named pipe and an open file of this
// process (/dev/stdout, /dev/fd/3) are written to as streams; opening a pipe
// waits for its reader until ctx is done. Other files are refused.
func Create(ctx context.Context, path string) (*File, error) {
	at, err := follow(path)
	if err != nil {
		return nil, fmt.Errorf("could not write %s: %w", path, err)
	}
	if at.open {
		return openStream(path, at)
	}
	info, err := os.Stat(at.path)
	switch {
	case err != nil || info.Mode().IsRegular():
		return createPart(at.path)
	case info.IsDir():
		return nil, fmt.Errorf("could not write %s: is a directory", path)
	case info.Mode()&os.ModeNamedPipe != 0:
		return openPipe(ctx, at.path)
	default:
		return nil, fmt.Errorf("could not write %s: neither a regular file nor a pipe", path)
	}
}

// createPart starts the file that is to replace the regular file at path.
func createPart(path string) (*File, error) {
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

// sweepPart removes the part that an earlier run left of a file.
func sweepPart(path, part string) error {
	switch info, err := os.Lstat(part); {
	case err != nil:
		return nil //nolint:nilerror // it is missing, or creating it will fail
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

// inUse reports whether a program holds the lock of the file that it writes.
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

// Commit syncs the file, gives it its name and makes the name last. A stream is
// closed.
func (f *File) Commit() error {
	if f.stream {
		return f.endStream()
	}
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
	return SyncDir(filepath.Dir(f.path))
}

// Abort removes the file, or closes the stream. After a successful Commit it
// does nothing.
func (f *File) Abort() error {
	if f.done {
		return nil
	}
	f.done = true
	err := f.f.Close()
	if errors.Is(err, os.ErrClosed) {
		err = nil
	}
	if !f.stream && f.mine() {
		err = errors.Join(err, os.Remove(f.Name()))
	}
	return err
}

// mine reports whether the name still leads to this file, and not to that of
// another program which took it for a leftover.
func (f *File) mine() bool {
	named, err := os.Lstat(f.Name())
	return err == nil && os.SameFile(f.info, named)
}

// WriteFile gives a regular file this content, wholly or not at all. It refuses
// a path that leads to anything else, which could not be read back.
func WriteFile(path string, content []byte) error {
	at, err := follow(path)
	if err == nil && !at.open {
		info, statErr := os.Stat(at.path)
		at.open = statErr == nil && !info.Mode().IsRegular()
	}
	if err == nil && at.open {
		err = errors.New("not a regular file")
	}
	if err != nil {
		return fmt.Errorf("could not write %s: %w", path, err)
	}
	f, err := createPart(at.path)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Commit()
	}
	return errors.Join(err, f.Abort())
}
