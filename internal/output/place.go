package output

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Place syncs the file at tmp and moves it to path, in the same directory, if
// no file has that name; otherwise the error is os.ErrExist, and tmp stays. Two
// processes that place a file at the same path never both succeed, unless the
// file system has neither hard links nor a rename that refuses to replace.
func Place(tmp, path string) error {
	if err := SyncFile(tmp); err != nil {
		return err
	}
	if err := renameNew(tmp, path); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(path))
}

// renameNew renames without replacing, by the first way that the file system
// knows.
func renameNew(tmp, path string) error {
	err := os.Link(tmp, path)
	switch {
	case err == nil:
		return os.Remove(tmp)
	case errors.Is(err, os.ErrExist), errors.Is(err, os.ErrNotExist):
		return err
	}
	// A file system without hard links (FAT, some of FUSE).
	if err := renameNoReplace(tmp, path); !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		return errors.Join(&fs.PathError{Op: "rename", Path: path, Err: os.ErrExist}, err)
	}
	return os.Rename(tmp, path)
}
