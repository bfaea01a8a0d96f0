// Package proc starts the programs of the end-to-end tests so that none outlives its test. It knows nothing of etcd.
package proc

import (
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

const (
	// stopBound is how long a program gets to leave after SIGTERM.
	stopBound = 5 * time.Second
	// outputBound is how long a program that has ended is waited for where one that it started still holds its output open.
	outputBound = 2 * time.Second
)

// Process is a running program that is reaped as soon as it ends. Safe for concurrent use.
type Process struct {
	cmd  *exec.Cmd
	done chan struct{}
}

// Start starts cmd from a thread that lives as long as the program: the kernel's parent-death signal goes by thread, not
// by process.
func Start(cmd *exec.Cmd) (*Process, error) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = new(syscall.SysProcAttr)
	}
	dieWithParent(cmd.SysProcAttr)
	cmd.WaitDelay = outputBound
	p := &Process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		_ = cmd.Wait() // how it ended is in cmd.ProcessState
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// Done is closed once the program has ended and its output is complete, or held open by one that it left behind.
func (p *Process) Done() <-chan struct{} { return p.done }

// State says how the program ended; valid once Done is closed.
func (p *Process) State() *os.ProcessState { return p.cmd.ProcessState }

// PID is the program's process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Alive says whether the program still runs.
func (p *Process) Alive() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// Signal sends a signal; a program that has ended already is an error.
func (p *Process) Signal(sig os.Signal) error { return p.cmd.Process.Signal(sig) }

// Stop ends the program, politely first, and returns once it is gone.
func (p *Process) Stop() {
	if !p.Alive() {
		return
	}
	if err := p.Signal(syscall.SIGTERM); err == nil {
		bound := time.NewTimer(stopBound)
		defer bound.Stop()
		select {
		case <-p.done:
			return
		case <-bound.C:
		}
	}
	p.Kill()
}

// Kill ends the program at once and returns when it is gone.
func (p *Process) Kill() {
	_ = p.Signal(os.Kill) // fails only when it has ended
	<-p.done
}
