//go:build darwin || freebsd || netbsd || openbsd || dragonfly

package script

import "golang.org/x/sys/unix"

// echoes reports whether a terminal shows typed characters.
func echoes(fd uintptr) (bool, error) {
	t, err := unix.IoctlGetTermios(int(fd), unix.TIOCGETA)
	if err != nil {
		return false, err
	}
	return t.Lflag&unix.ECHO != 0, nil
}
