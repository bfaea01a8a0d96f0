//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows)

package lock

import (
	"errors"
	"os"
)

// try has no lock to offer that the system drops when its owner dies.
func try(*os.File, Mode) error { return errors.ErrUnsupported }
