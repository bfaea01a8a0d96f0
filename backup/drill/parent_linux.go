package drill

import (
	"os/exec"
	"syscall"
)

// dieWithParent ends the server if this process is killed.
func dieWithParent(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
