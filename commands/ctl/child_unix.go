//go:build unix

package ctl

import (
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// endingSignals are those that end the context of a command.
func endingSignals() []os.Signal { return []os.Signal{syscall.SIGINT, syscall.SIGTERM} }

// otherSignals are the further signals that a child gets, without those that
// this process was told to ignore, as nohup does.
func otherSignals() []os.Signal {
	var others []os.Signal
	for _, s := range []os.Signal{syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2} {
		if !signal.Ignored(s) {
			others = append(others, s)
		}
	}
	return others
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
