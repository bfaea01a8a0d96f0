package proc

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Steps are system calls of a program by which files and directories appear, change their names or go.
type Steps struct {
	calls   []uint64
	creates bool // openat counts where it makes a file
}

// Renames are the steps that publish the new files.
func Renames() Steps { return Steps{calls: []uint64{unix.SYS_RENAMEAT, unix.SYS_RENAMEAT2}} }

// Names are all steps, in which files are made and removed as well.
func Names() Steps {
	return Steps{calls: append(Renames().calls, unix.SYS_MKDIRAT, unix.SYS_UNLINKAT, unix.SYS_LINKAT), creates: true}
}

// KillBefore runs a program, without output, and kills it with SIGKILL when it
// is about to take its nth step, which it does not take then. It reports
// whether the program had ended before, with exit code 0; any other end is an
// error. If the kernel does not permit tracing, the error matches
// syscall.EPERM.
func KillBefore(steps Steps, n int, path string, args ...string) (ended bool, err error) {
	runtime.LockOSThread() // the thread traces, not the process
	defer runtime.UnlockOSThread()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return false, err
	}
	defer null.Close()
	fd := null.Fd()
	pid, err := syscall.ForkExec(path, append([]string{path}, args...), &syscall.ProcAttr{
		Env: os.Environ(), Files: []uintptr{fd, fd, fd}, Sys: &syscall.SysProcAttr{Ptrace: true, Setpgid: true},
	})
	if err != nil {
		return false, fmt.Errorf("trace %s: %w", path, err)
	}
	t := tracer{steps: steps, left: n, pid: pid}
	status, err := t.follow()
	if err != nil {
		return false, errors.Join(fmt.Errorf("trace %s: %w", path, err), syscall.Kill(pid, syscall.SIGKILL))
	}
	switch {
	case status.Signaled() && t.left == 0:
		return false, nil
	case status.Exited() && status.ExitStatus() == 0:
		return true, nil
	}
	return false, fmt.Errorf("%s %q: exit code %d, signal %v", path, args, status.ExitStatus(), status.Signal())
}

// tracer follows all threads of a program.
type tracer struct {
	steps   Steps
	left    int // steps until it is killed
	pid     int
	started bool
}

// follow lets the program run until it has ended. It waits for the threads of the program's process group only: others may have
// begun children on the thread that traces, before it did, whose ends are for them.
func (t *tracer) follow() (unix.WaitStatus, error) {
	for {
		var status unix.WaitStatus
		tid, err := unix.Wait4(-t.pid, &status, unix.WALL|unix.WNOTHREAD, nil)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return status, err
		case tid == t.pid && (status.Exited() || status.Signaled()):
			return status, nil
		case !status.Stopped():
			continue
		}
		if err := t.stopped(tid, status); err != nil && !errors.Is(err, unix.ESRCH) { // it was killed meanwhile
			return status, err
		}
	}
}

// stopped lets a thread continue to its next system call, or kills the program.
func (t *tracer) stopped(tid int, status unix.WaitStatus) error {
	const inCall = 0x80 // which PTRACE_O_TRACESYSGOOD adds
	sig := status.StopSignal()
	switch {
	case !t.started: // the program's first instruction
		t.started, sig = true, 0
		if err := unix.PtraceSetOptions(tid, unix.PTRACE_O_TRACESYSGOOD|unix.PTRACE_O_TRACECLONE|unix.PTRACE_O_EXITKILL); err != nil {
			return err
		}
	case sig == unix.SIGTRAP|inCall:
		sig = 0
		step, err := t.steps.at(tid)
		if err != nil {
			return err
		}
		if step && t.left > 0 {
			if t.left--; t.left == 0 {
				return unix.Kill(t.pid, unix.SIGKILL)
			}
		}
	case sig == unix.SIGTRAP || sig == unix.SIGSTOP: // a new thread
		sig = 0
	}
	return unix.PtraceSyscall(tid, int(sig))
}

// callInfo is the kernel's struct ptrace_syscall_info on the way into a call.
type callInfo struct {
	op      uint8
	_       [3]uint8
	_       uint32    // architecture
	_       [2]uint64 // pointers to instruction and stack
	nr      uint64
	args    [6]uint64
	_, _, _ uint64 // as long as those for other stops
}

// at reports whether a thread that has stopped at a system call is about to
// take a step.
func (s Steps) at(tid int) (bool, error) {
	const entry = 1 // PTRACE_SYSCALL_INFO_ENTRY
	var c callInfo
	_, _, errno := unix.Syscall6(unix.SYS_PTRACE, unix.PTRACE_GET_SYSCALL_INFO, uintptr(tid), unsafe.Sizeof(c), uintptr(unsafe.Pointer(&c)), 0, 0)
	if errno != 0 {
		return false, errno
	}
	if c.op != entry {
		return false, nil
	}
	return slices.Contains(s.calls, c.nr) || s.creates && c.nr == unix.SYS_OPENAT && c.args[2]&unix.O_CREAT != 0, nil
}
