package output

import (
	"errors"
	"os"
	"path/filepath"

	"etcdkit/internal/lock"
)

// Sweep removes directories that killed runs of NewDir(path) left. A directory
// that another process is building is locked, and stays.
func Sweep(path string) error {
	path = filepath.Clean(path)
	var err error
	for _, pattern := range []string{
		filepath.Join(Escape(filepath.Dir(path)), "."+Escape(filepath.Base(path))+tmpMark+"*"),
		filepath.Join(Escape(path), tmpMark+"*"),
	} {
		left, globErr := filepath.Glob(pattern)
		err = errors.Join(err, globErr)
		for _, dir := range left {
			err = errors.Join(err, sweep(dir))
		}
	}
	return err
}

func sweep(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return nil //nolint:nilerror // gone, or not ours to look at
	}
	if info, err := f.Stat(); err == nil && info.IsDir() && lock.Try(f) {
		return errors.Join(removeTree(dir), f.Close())
	}
	return f.Close()
}

// Escape makes a path match itself in a pattern.
func Escape(path string) string {
	if os.PathSeparator != '/' { // patterns have no escapes there
		return path
	}
	var b []byte
	for i := range len(path) {
		switch path[i] {
		case '*', '?', '[', '\\':
			b = append(b, '\\')
		}
		b = append(b, path[i])
	}
	return string(b)
}
