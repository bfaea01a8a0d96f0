package snapshot

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"etcdkit/internal/lock"
	"etcdkit/snapshot/bolt"
)

// checksumUnit is the disk sector size by which etcd tells a snapshot (a file
// of whole pages, then a sha256) from a plain backend file.
const checksumUnit = 512

// File is a backend file opened for reading. Its size and its meta page are
// those of the moment of opening; what a file gains afterwards is not seen.
// Methods may be called from several goroutines at once.
type File struct {
	src   Source
	path  string
	size  int64 // of the whole file
	data  int64 // size without the trailing sha256
	sum   [sha256.Size]byte
	valid bool // sum holds the trailing sha256
	db    *bolt.File
	// salvage takes damage, and what is damaged is left out; nil is the usual
	// strictness.
	salvage func(*CorruptError)
}

// Source is what a File needs of an *os.File.
type Source interface {
	io.ReaderAt
	io.Closer
	Stat() (os.FileInfo, error)
}

// Open opens the backend file at path for reading, and reads its meta pages.
// It takes no lock. An error that is not the operating system's wraps
// ErrCorrupt. The caller closes the File.
func Open(path string) (*File, error) {
	src, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	return OpenSource(src, path)
}

// OpenSource is Open for a file that is open already; errors call it by name.
// The File closes it, and so does a failed OpenSource.
func OpenSource(src Source, path string) (*File, error) {
	f, err := newFile(src, path)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open snapshot %s: %w", path, err), src.Close())
	}
	return f, nil
}

// OpenBorrowed is OpenSource for a file that stays open when the File is closed.
func OpenBorrowed(file *os.File, path string) (*File, error) { return OpenSource(borrowed{file}, path) }

type borrowed struct{ *os.File }

func (borrowed) Close() error { return nil }

// DataDirFile is the backend file of the data directory dir.
func DataDirFile(dir string) string { return filepath.Join(dir, "member", "snap", "db") }

// DataDirWAL is the directory of the WAL of the data directory dir, unless it is
// kept elsewhere.
func DataDirWAL(dir string) string { return filepath.Join(dir, "member", "wal") }

// OpenLocked is Open for the file of a data directory: it makes sure that no
// server is running on it, and keeps one from starting until the File is
// closed. It waits for the lock as long as wait says, and without end where it
// is 0.
func OpenLocked(ctx context.Context, path string, wait time.Duration) (_ *File, err error) {
	src, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	f := (*File)(nil)
	if err = lock.Wait(ctx, src, lock.Shared, wait); err == nil || errors.Is(err, errors.ErrUnsupported) {
		f, err = newFile(src, path)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open snapshot %s: %w", path, err), src.Close())
	}
	return f, nil
}

func newFile(src Source, path string) (*File, error) { return newFileFor(src, path, nil) }

func newFileFor(src Source, path string, salvage func(*CorruptError)) (*File, error) {
	info, err := src.Stat()
	if err != nil {
		return nil, err
	}
	if err := regular(info, path); err != nil {
		return nil, err
	}
	f := &File{src: src, path: path, size: info.Size(), data: info.Size()}
	if hasChecksum(f.size) {
		f.valid = true
		f.data -= sha256.Size
		if err := f.readAt(f.sum[:], f.data); err != nil {
			return nil, err
		}
	}
	if f.salvage = salvage; salvage != nil {
		f.db, err = bolt.OpenDamaged(src, f.data, f.size, salvage)
		return f, err
	}
	f.db, err = bolt.Open(src, f.data, f.size)
	return f, err
}

func openRegular(path string) (*os.File, error) {
	// A named pipe would block in open, so look first.
	if info, err := os.Stat(path); err == nil {
		if err := regular(info, path); err != nil {
			return nil, err
		}
	}
	return os.Open(path)
}

func regular(info os.FileInfo, path string) error {
	switch {
	case info.Mode().IsRegular():
		return nil
	case info.IsDir():
		return fmt.Errorf("%s is a directory, not a snapshot: give a data directory with --data-dir, or the file member/snap/db in it", path)
	case info.Mode()&(os.ModeNamedPipe|os.ModeSocket) != 0:
		return fmt.Errorf("%s is a pipe, which can be read only once: save it to a file first, or pass it on standard input with \"-\"", path)
	}
	return fmt.Errorf("%s is not a regular file", path)
}

// hasChecksum is etcd's rule for "a sha256 follows the pages".
func hasChecksum(size int64) bool { return size%checksumUnit == sha256.Size }

// Close closes the file.
func (f *File) Close() error { return f.src.Close() }

// Path is the path that was opened.
func (f *File) Path() string { return f.path }

// Size is the size of the file in bytes, with the trailing sha256.
func (f *File) Size() int64 { return f.size }

// DataSize is the size in bytes of the database alone: without the trailing
// sha256, and without bytes after the last whole page of a file that lost a
// part of its sha256.
func (f *File) DataSize() int64 { return f.data - f.data%f.db.PageSize() }

// HasChecksum reports whether the file ends with a sha256, by etcd's rule.
func (f *File) HasChecksum() bool { return f.valid }

// Checksum is the sha256 at the end of the file; zero without HasChecksum.
func (f *File) Checksum() [sha256.Size]byte { return f.sum }

// Data reads the database part of the file in order: all but the sha256. A
// file that shrinks ends it early.
func (f *File) Data() *io.SectionReader { return io.NewSectionReader(f.src, 0, f.data) }

// PageSize is the size of a page in bytes.
func (f *File) PageSize() int { return int(f.db.PageSize()) }

// Bucket finds a top-level bucket; ok is false where the file has none of this
// name.
func (f *File) Bucket(ctx context.Context, name string) (_ *bolt.Bucket, ok bool, err error) {
	return f.db.Bucket(ctx, name)
}

// Lay puts changes over the file: everything that is read of its buckets
// afterwards is as if they had been written to it, see bolt.Layer. Data, CopyTo
// and the checks of pages remain those of the file.
func (f *File) Lay(l bolt.Layer) { f.db.Lay(l) }

// Layer returns the changes that lie over the file; nil if there are none.
func (f *File) Layer() bolt.Layer { return f.db.Layer() }

// WriteEmptyFreelist makes a copy of the database say that none of its pages is
// free, see bolt.File.
func (f *File) WriteEmptyFreelist(dup io.WriterAt) error { return f.db.WriteEmptyFreelist(dup) }

// readAt fills b from the file, or says that it is shorter than it was.
func (f *File) readAt(b []byte, off int64) error { return bolt.ReadAt(f.src, b, off) }

// Unchanged returns ErrChanged where the file has been written to since Open,
// as far as its size and its meta pages tell. Whoever reads a file that a
// server might be running on asks at the end.
func (f *File) Unchanged() error {
	info, err := f.src.Stat()
	if err != nil {
		return err
	}
	if info.Size() != f.size || !f.db.Unchanged() {
		return ErrChanged
	}
	return nil
}

// checkLength finds files that cannot be whole: bbolt writes whole pages.
func (f *File) checkLength() error {
	if f.salvage != nil {
		return nil
	}
	if rest := f.data % f.db.PageSize(); rest != 0 && !f.valid {
		return bolt.Corrupt(NoPage, "%d bytes follow the last whole page of %d bytes: neither a sha256 nor a page", rest, f.db.PageSize())
	}
	return nil
}

// canceled returns the error of ctx, with its cause.
func canceled(ctx context.Context) error {
	err := ctx.Err()
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return cause
	}
	return err
}
