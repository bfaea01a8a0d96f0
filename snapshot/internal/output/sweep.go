package output

import (
	"errors"
	"os"
	"path/filepath"

	"etcdkit/snapshot/internal/lock"
)

// Sweep removes what killed runs of NewDir(path) have left behind. A directory
// that another process is building is locked, and stays.
func Sweep(path string) error {
	path = filepath.Clean(path)
	var err error
	for _, pattern := range []string{
		filepath.Join(escape(filepath.Dir(path)), "."+escape(filepath.Base(path))+tmpMark+"*"),
		filepath.Join(escape(path), tmpMark+"*"),
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
		err = os.RemoveAll(dir)
		return errors.Join(err, f.Close())
	}
	return f.Close()
}

// escape makes a path match itself in a pattern.
func escape(path string) string {
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
