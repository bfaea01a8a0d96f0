//go:build unix

package drill

import (
	"os"
	"syscall"
)

// terminate tells a process to end.
func terminate(p *os.Process) error { return p.Signal(syscall.SIGTERM) }
