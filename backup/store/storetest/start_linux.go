package storetest

import (
	"os/exec"
	"runtime"
	"syscall"
)

// start starts a program that ends with this one. The system binds it to the
// thread that started it, which therefore stays.
func start(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			select {} // until this program ends
		}
	}()
	return <-started
}
