//go:build unix

package cli

import (
	"os"
	"os/signal"
	"syscall"
)

// endingSignals are those that end a command; SIGHUP says that its terminal is
// gone.
func endingSignals() []os.Signal { return []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} }

// raise ends the process by the signal s. A shell that runs a loop of commands
// stops the loop on Ctrl-C only when it sees its child die of SIGINT.
func raise(s os.Signal) {
	signal.Reset(s)
	_ = syscall.Kill(syscall.Getpid(), s.(syscall.Signal))
	// The signal is delivered to some thread of the process; until then this
	// thread must not proceed to an ordinary exit.
	select {}
}
