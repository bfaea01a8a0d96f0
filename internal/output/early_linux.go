package output

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// Reserve asks for the room that a file of this size takes, so that a full disk
// shows before anything is written, and writing is quicker. Systems that cannot
// do it are not an error.
func Reserve(f *os.File, size int64) error {
	err := unix.Fallocate(int(f.Fd()), 0, 0, size)
	if errors.Is(err, unix.ENOSPC) {
		return &os.PathError{Op: "write", Path: f.Name(), Err: err}
	}
	return nil
}

// StartWriting asks the system to begin moving n bytes at off, or everything
// after off if n is 0, from its cache to the disk, so that a later Sync waits
// less. It is a hint; Sync reports errors.
func StartWriting(f *os.File, off, n int64) {
	_ = unix.SyncFileRange(int(f.Fd()), off, n, unix.SYNC_FILE_RANGE_WRITE)
}
