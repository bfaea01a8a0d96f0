//go:build unix

package cli

import (
	"os"
	"os/signal"
	"syscall"
)

// raise ends the process by the signal s. A shell that runs a loop of commands
// stops the loop on Ctrl-C only when it sees its child die of SIGINT.
func raise(s os.Signal) {
	signal.Reset(s)
	_ = syscall.Kill(syscall.Getpid(), s.(syscall.Signal))
	// The signal is delivered to some thread of the process; until then this
	// one must not go on to an ordinary exit.
	select {}
}
