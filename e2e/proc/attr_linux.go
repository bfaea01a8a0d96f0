package proc

import "syscall"

// dieWithParent has the kernel kill the program when the test process dies, however that happens.
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }
