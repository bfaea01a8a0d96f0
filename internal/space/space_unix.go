//go:build darwin || linux

package space

import "golang.org/x/sys/unix"

// available is the space that a user other than root may still write, in bytes.
func available(dir string) (uint64, bool) {
	var s unix.Statfs_t
	if unix.Statfs(dir, &s) != nil {
		return 0, false
	}
	return s.Bavail * uint64(s.Bsize), true //nolint:unconvert // its type differs between systems
}
