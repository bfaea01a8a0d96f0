package cli

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"time"
)

// WithoutPasswords returns an environment for a child: a copy without the
// passwords of this program. A user keeps its name.
func WithoutPasswords(env []string) []string {
	var kept []string
	for _, setting := range env {
		name, value, _ := strings.Cut(setting, "=")
		switch name {
		case "ETCDCTL_PASSWORD", "ETCDCTL_KEY_PASSWORD":
			continue
		case "ETCDCTL_USER", "ETCDCTL_USERNAME":
			user, _, _ := strings.Cut(value, ":")
			setting = name + "=" + user
		}
		kept = append(kept, setting)
	}
	return kept
}

// Relay catches the signals that end this process by default, for a child to
// get them instead.
type Relay struct{ signals chan os.Signal }

// ChildGrace is how long a child may take to end when it is told to.
const ChildGrace = 5 * time.Second

// NewRelay also catches the signals that end the context of a command, so that
// none is lost before the child has started. The caller stops the relay.
func NewRelay() *Relay {
	r := &Relay{make(chan os.Signal, 16)}
	r.notify(EndingSignals())
	return r
}

// notify catches signals, none if there are none: os/signal takes that for all.
func (r *Relay) notify(signals []os.Signal) {
	if len(signals) > 0 {
		signal.Notify(r.signals, signals...)
	}
}

// Stop ends the catching.
func (r *Relay) Stop() { signal.Stop(r.signals) }

// Run runs child to its end. It gets every signal that this process gets, but
// for those that its terminal sends it anyway. When lost is closed it is told
// to end, and ended if it does not.
func (r *Relay) Run(child *exec.Cmd, lost <-chan struct{}) error {
	r.notify(otherSignals())
	if err := child.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- child.Wait() }()
	var tooLate <-chan time.Time
	for {
		select {
		case err := <-ended:
			return err
		case s := <-r.signals:
			if !fromTerminal(s) {
				_ = child.Process.Signal(s) // fails only where the child has ended
			}
		case <-lost:
			lost = nil
			_ = terminate(child.Process) // likewise
			tooLate = time.After(ChildGrace)
		case <-tooLate:
			_ = child.Process.Kill() // likewise
		}
	}
}

// ChildCode returns the exit code of a child that ended with err. It is 255 for
// a child killed by a signal, as upstream's -1 becomes.
func ChildCode(err error) Code {
	exit := (*exec.ExitError)(nil)
	switch {
	case !errors.As(err, &exit):
		return Failure
	case exit.ExitCode() < 0:
		return 255
	}
	return Code(exit.ExitCode())
}
