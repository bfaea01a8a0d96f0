// Package space asks file systems for room. It imports nothing of this module.
package space

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// ErrFull says that there is less room than needed.
var ErrFull = errors.New("not enough space")

// Check checks that the file system of dir has room for need bytes. If dir does
// not exist, Check uses the place where it would be. If the system does not
// report the space, Check assumes that there is room.
func Check(dir string, need int64) error {
	at, err := existing(dir)
	if err != nil {
		return err
	}
	free, ok := available(at)
	if !ok || need <= 0 || free >= uint64(need) {
		return nil
	}
	return fmt.Errorf("%w in %s: %d bytes are needed, %d are free", ErrFull, at, need, free)
}

// existing is dir or the first directory above it that exists.
func existing(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(dir); err == nil || filepath.Dir(dir) == dir {
			return dir, nil
		}
		dir = filepath.Dir(dir)
	}
}
