//go:build darwin || freebsd

package cli

import "golang.org/x/sys/unix"

// The requests that read and set how a terminal works.
const (
	getTermios = unix.TIOCGETA
	setTermios = unix.TIOCSETA
)
