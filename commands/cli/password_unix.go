//go:build linux || darwin || freebsd

package cli

import (
	"context"
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// readHidden reads a line from a terminal that does not show it. Ctrl-D ends
// the line, for which golang.org/x/term would wait on. When ctx ends first, the
// terminal is restored; the read is abandoned, because only a key can wake it.
func readHidden(ctx context.Context, tty *os.File) (line string, err error) {
	restore, err := hideEcho(int(tty.Fd()))
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, restore()) }()
	return Streams{In: tty}.ReadLine(ctx)
}

// hideEcho stops a terminal from showing typed characters. It still reads whole
// lines, and Ctrl-C is still a signal. restore undoes the change.
func hideEcho(fd int) (restore func() error, err error) {
	before, err := unix.IoctlGetTermios(fd, getTermios)
	if err != nil {
		return nil, err
	}
	hidden := *before
	hidden.Lflag &^= unix.ECHO
	hidden.Lflag |= unix.ICANON | unix.ISIG
	hidden.Iflag |= unix.ICRNL
	if err := unix.IoctlSetTermios(fd, setTermios, &hidden); err != nil {
		return nil, err
	}
	return func() error { return unix.IoctlSetTermios(fd, setTermios, before) }, nil
}
