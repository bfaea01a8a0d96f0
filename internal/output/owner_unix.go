//go:build unix

package output

import (
	"errors"
	"os"
	"syscall"
)

// SameOwner gives the file at path the mode and, if this process may, the
// owner of the file that it replaces.
func SameOwner(path string, as *os.File) error {
	info, err := as.Stat()
	if err != nil {
		return err
	}
	if err := os.Chmod(path, info.Mode().Perm()); err != nil {
		return err
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		if err := os.Chown(path, int(st.Uid), int(st.Gid)); err != nil && !errors.Is(err, os.ErrPermission) {
			return err
		}
	}
	return nil
}
