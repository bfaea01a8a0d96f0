package output

import (
	"errors"
	"os"
	"runtime"
	"syscall"
)

// SyncDir makes the names in a directory last, if the directory can be synced.
// A directory that can't be read, and a file system that does not sync
// directories (CIFS, FUSE), are no errors: the names are in place, and the
// system writes them out when it does.
func SyncDir(dir string) error {
	if runtime.GOOS == "windows" { // which cannot sync directories
		return nil
	}
	f, err := os.Open(dir)
	if err != nil {
		return ignoreUnsyncable(err)
	}
	return errors.Join(ignoreUnsyncable(f.Sync()), f.Close())
}

// ignoreUnsyncable drops the errors of files that don't support syncing. A
// failed write (EIO) stays an error.
func ignoreUnsyncable(err error) error {
	if errors.Is(err, os.ErrPermission) || errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EINVAL) {
		return nil
	}
	return err
}

// SyncFile opens for writing, without which Windows does not sync.
func SyncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
