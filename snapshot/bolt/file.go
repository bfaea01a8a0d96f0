package bolt

import (
	"errors"
	"io"
)

// File is a bbolt file opened for reading. Its meta page is the one in force
// when it was opened; what a file gains afterwards is not seen. Methods may be
// called from several goroutines at once.
type File struct {
	src  io.ReaderAt
	data int64 // bytes of the database
	size int64 // of the whole file, for messages
	meta meta
	// salvage takes damage in place of whoever reads; nil is the usual strictness.
	salvage func(*CorruptError)

	layer Layer // changes that are not in the file
}

// Open reads the meta pages of the database in the first data bytes of src. The
// whole file has size bytes. It does not close src.
func Open(src io.ReaderAt, data, size int64) (*File, error) {
	f := &File{src: src, data: data, size: size}
	var err error
	if f.meta, err = readMeta(f); err != nil {
		return nil, err
	}
	return f, nil
}

// OpenDamaged is Open for a file of which as much as possible is to be read: it
// may be cut, and cursors hand damage to report and continue after it, see
// Cursor.Forgive.
func OpenDamaged(src io.ReaderAt, data, size int64, report func(*CorruptError)) (*File, error) {
	f := &File{src: src, data: data, size: size, salvage: report}
	var err error
	f.meta, err = readMeta(f)
	return f, err
}

// PageSize is the size of a page in bytes.
func (f *File) PageSize() int64 { return f.meta.pageSize }

// Pages is the number of pages in use and free. The ids of all are below it.
func (f *File) Pages() uint64 { return f.meta.end }

// Unchanged reports whether the meta pages are what they were when the file was
// opened.
func (f *File) Unchanged() bool {
	m, err := readMeta(f)
	return err == nil && m == f.meta
}

func (f *File) readAt(b []byte, off int64) error { return ReadAt(f.src, b, off) }

// ReadAt fills b from src. It returns a CorruptError if src is shorter than it
// was.
func ReadAt(src io.ReaderAt, b []byte, off int64) error {
	n, err := src.ReadAt(b, off)
	if n == len(b) {
		return nil
	}
	if errors.Is(err, io.EOF) {
		return Corrupt(NoPage, "the file ends at byte %d, before byte %d", off+int64(n), off+int64(len(b)))
	}
	return err
}
