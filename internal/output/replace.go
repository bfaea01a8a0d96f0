package output

import (
	"os"
	"path/filepath"
)

// Replace syncs the file at tmp and renames it to path, replacing any existing
// file, in the same directory.
func Replace(tmp, path string) error {
	if err := SyncFile(tmp); err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(path))
}
