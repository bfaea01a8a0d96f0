//go:build unix

package cli

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

func TestChildCode(t *testing.T) {
	t.Parallel()
	tests := []struct {
		script string
		want   Code
	}{
		{"exit 7", 7}, {"exit 200", 200}, {"kill -9 $$", 255},
	}
	for _, tt := range tests {
		err := exec.CommandContext(t.Context(), "sh", "-c", tt.script).Run()
		if got := ChildCode(err); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.script, got, tt.want)
		}
	}
	if got := ChildCode(errors.New("not started")); got != Failure {
		t.Errorf("not started: %d, want %d", got, Failure)
	}
}

// Signals are passed on to the child as they arrive.
func TestRelaySignals(t *testing.T) {
	t.Parallel()
	from, to, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	child := exec.CommandContext(t.Context(), "sh", "-c",
		`trap 'echo usr1' USR1; trap 'echo term; exit 5' TERM; echo ready; while :; do sleep 0.05; done`)
	child.Stdout = to
	r := NewRelay()
	defer r.Stop()
	ended := make(chan error, 1)
	go func() {
		ended <- r.Run(child, nil)
		to.Close()
	}()
	lines := bufio.NewReader(from)
	for _, step := range []struct {
		said string
		send os.Signal
	}{{"ready\n", syscall.SIGUSR1}, {"usr1\n", syscall.SIGTERM}, {"term\n", nil}} {
		if said, err := lines.ReadString('\n'); said != step.said {
			t.Fatalf("the child said %q (%v), want %q", said, err, step.said)
		}
		if step.send != nil {
			r.signals <- step.send
		}
	}
	if err := <-ended; ChildCode(err) != 5 {
		t.Errorf("the child ended with %v, want code 5", err)
	}
}

// A child that ignores all signals is killed when the lock is lost.
func TestRelayLost(t *testing.T) {
	t.Parallel()
	lost := make(chan struct{})
	close(lost)
	r := NewRelay()
	defer r.Stop()
	child := exec.CommandContext(t.Context(), "sleep", "600")
	err := r.Run(child, lost)
	if status, ok := child.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGTERM {
		t.Errorf("the child ended with %v, want it told to end", err)
	}
}

func TestFromTerminal(t *testing.T) {
	t.Parallel()
	for _, s := range []os.Signal{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2} {
		if fromTerminal(s) {
			t.Errorf("%v is taken for a signal of the terminal", s)
		}
	}
}
