package output

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// maxLinks is how many symbolic links in a row are followed, as by the system.
const maxLinks = 40

// place is where a path leads.
type place struct {
	path string // no symbolic link
	// open says that the path names an open file, of this process where fd is
	// not negative, whatever kind of file that is.
	open bool
	fd   int
}

// follow follows the symbolic links at path, whose last target may be missing.
func follow(path string) (place, error) {
	at := path
	for range maxLinks {
		if p, ok := openFile(at); ok {
			return p, nil
		}
		info, err := os.Lstat(at)
		if err != nil || info.Mode()&os.ModeSymlink == 0 {
			return place{path: at, fd: -1}, same(path, at)
		}
		next, err := os.Readlink(at)
		if err != nil {
			return place{}, err
		}
		if !filepath.IsAbs(next) {
			dir, err := filepath.EvalSymlinks(filepath.Dir(at))
			if err != nil {
				return place{}, err
			}
			next = filepath.Join(dir, next)
		}
		at = next
	}
	return place{}, errors.New("too many levels of symbolic links")
}

// openFile recognizes the names of open files: /dev/fd/N, and where that leads
// on Linux, /proc/PID/fd/N.
func openFile(path string) (place, bool) {
	n, err := strconv.Atoi(filepath.Base(path))
	if err != nil || n < 0 || !filepath.IsAbs(path) {
		return place{}, false
	}
	dir := filepath.Dir(path)
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	switch {
	case dir == "/dev/fd", dir == "/proc/"+strconv.Itoa(os.Getpid())+"/fd":
		return place{path: path, open: true, fd: n}, true
	case strings.HasPrefix(dir, "/proc/") && filepath.Base(dir) == "fd":
		return place{path: path, open: true, fd: -1}, true
	}
	return place{}, false
}

// same checks that following the links by their text leads to the same file as
// the system's own resolution.
func same(path, target string) error {
	if path == target {
		return nil
	}
	want, err := os.Stat(path)
	if err != nil {
		return nil //nolint:nilerror // the target is missing, or opening it will fail
	}
	got, err := os.Lstat(target)
	if err != nil || !os.SameFile(want, got) {
		return errors.New("could not follow the symbolic link: give the path of the file that it names")
	}
	return nil
}
