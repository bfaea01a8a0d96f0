//go:build !unix

package output

import "os"

// SameOwner gives the file at path the mode of the file that it replaces.
func SameOwner(path string, as *os.File) error {
	info, err := as.Stat()
	if err != nil {
		return err
	}
	return os.Chmod(path, info.Mode().Perm())
}
