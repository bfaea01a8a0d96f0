//go:build !unix

package cli

import (
	"os"
	"os/exec"
)

// otherSignals returns none: a process can't send signals here.
func otherSignals() []os.Signal { return nil }

// fromTerminal is true: a console interrupts all of its processes.
func fromTerminal(os.Signal) bool { return true }

// terminate ends a process, which can't be told to end itself.
func terminate(p *os.Process) error { return p.Kill() }

// BrokenPipe is false: there is no such signal here.
func BrokenPipe(*exec.ExitError) bool { return false }
