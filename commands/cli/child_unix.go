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

// fromTerminal reports whether the signal s is assumed to come from the
// terminal, by Ctrl-C or Ctrl-\, which sends it to this process and its child
// alike. The real sender can't be determined here.
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

// BrokenPipe reports whether a child ended because its output is not read.
func BrokenPipe(err *exec.ExitError) bool {
	status, ok := err.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGPIPE
}
