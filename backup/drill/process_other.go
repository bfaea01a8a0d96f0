//go:build !unix

package drill

import "os"

// terminate ends a process, which can't be told to.
func terminate(p *os.Process) error { return p.Kill() }
