//go:build linux || darwin || freebsd

package cli

import (
	"context"
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// readHidden reads a line from a terminal that does not show it. Ctrl-D ends
// the line, for which golang.org/x/term would wait on. When ctx ends first the
// terminal is put back; the read is left behind, as nothing can wake it but a
// key.
func readHidden(ctx context.Context, tty *os.File) (line string, err error) {
	restore, err := hideEcho(int(tty.Fd()))
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, restore()) }()
	return Streams{In: tty}.ReadLine(ctx)
}

// hideEcho stops a terminal from showing what is typed. It still takes whole
// lines, and Ctrl-C is still a signal. restore puts it back as it was.
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
