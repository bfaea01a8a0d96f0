//go:build unix

package cli

import (
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// otherSignals are the signals that a child gets besides those that end a
// command, without those that this process was told to ignore.
func otherSignals() []os.Signal {
	return slices.DeleteFunc([]os.Signal{syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2}, signal.Ignored)
}

// fromTerminal tells whether the signal s is to be taken for one that the
// terminal has sent to this process and its child alike, by Ctrl-C or Ctrl-\.
// Who has really sent it can't be known here.
func fromTerminal(s os.Signal) bool {
	if s != syscall.SIGINT && s != syscall.SIGQUIT {
		return false
	}
	tty, err := os.Open("/dev/tty")
	if err != nil {
		return false
	}
	defer tty.Close() //nolint:errcheck // only asked
	group, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}

// terminate tells a process to end.
func terminate(p *os.Process) error { return p.Signal(syscall.SIGTERM) }

// BrokenPipe tells whether a child ended because nobody reads what it writes.
func BrokenPipe(err *exec.ExitError) bool {
	status, ok := err.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGPIPE
}
