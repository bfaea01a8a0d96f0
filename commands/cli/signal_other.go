//go:build !unix

package cli

import (
	"os"
	"syscall"
)

// endingSignals are those that end a command.
func endingSignals() []os.Signal { return []os.Signal{os.Interrupt, syscall.SIGTERM} }

// raise does nothing where a process can't end itself by a signal.
func raise(os.Signal) {}
