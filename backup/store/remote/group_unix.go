//go:build unix

package remote

import (
	"os/exec"
	"syscall"
)

// ownGroup keeps the signals of a terminal from the program: it ends when its
// standard input does, and then cleans up.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
