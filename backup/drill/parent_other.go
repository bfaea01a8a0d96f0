//go:build !linux

package drill

import "os/exec"

// dieWithParent does nothing: only Linux can end a child with its parent.
func dieWithParent(*exec.Cmd) {}
