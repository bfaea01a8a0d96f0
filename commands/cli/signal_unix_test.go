//go:build unix

package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"
)

// signalled names the variable that turns this test binary into a program
// whose "run" waits to be interrupted, cleans up, and returns an error or, with
// "success", none.
const signalled = "CLI_TEST_SIGNALLED"

func TestSignals(t *testing.T) {
	if how := os.Getenv(signalled); how != "" {
		os.Exit(int(waitForSignal(how)))
	}
	t.Parallel()
	for _, s := range endingSignals() {
		if signal.Ignored(s) { // as under nohup: the children would inherit it
			signal.Notify(make(chan os.Signal, 1), s)
		}
	}
	for _, tt := range []struct {
		name, how      string
		signal, diesOf syscall.Signal // diesOf 0: of none
		code           int            // where it dies of none
		stdout, stderr string
	}{
		{"interrupt", "error", syscall.SIGINT, syscall.SIGINT, 0, "ready\nclean\n", ""},
		{"terminate", "error", syscall.SIGTERM, syscall.SIGTERM, 0, "ready\nclean\n", ""},
		{"hang up", "error", syscall.SIGHUP, syscall.SIGHUP, 0, "ready\nclean\n", ""},
		{"done nevertheless", "success", syscall.SIGINT, 0, 0, "ready\nclean\n", ""},
		{"dealt with", "final", syscall.SIGINT, 0, 7, "ready\nclean\n", "Error: end of its own\n"},
		{"twice at once", "slow", syscall.SIGINT, syscall.SIGINT, 0, "ready\nslow\nclean\n", ""},
		{"again and again", "stuck", syscall.SIGINT, syscall.SIGINT, 0, "ready\nstuck\n", ""},
		{"ignored from the start", "deaf", syscall.SIGINT, syscall.SIGTERM, 0, "ready\nclean after terminated\n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			self, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			var stderr bytes.Buffer
			child := exec.CommandContext(t.Context(), self, "-test.run=^TestSignals$")
			if tt.how == "deaf" { // as a shell starts a background job
				child = exec.CommandContext(t.Context(), "/bin/sh", "-c", `trap "" INT; exec "$0" "$@"`, self, "-test.run=^TestSignals$")
			}
			child.Env = append(os.Environ(), signalled+"="+tt.how)
			child.Stderr = &stderr
			stdout, err := child.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := child.Start(); err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			lines := bufio.NewReader(io.TeeReader(stdout, &out))
			next := func() {
				if _, err := lines.ReadString('\n'); err != nil {
					t.Errorf("before the signal: %v", err)
				}
			}
			send := func(s syscall.Signal) {
				if err := child.Process.Signal(s); err != nil {
					t.Errorf("send signal: %v", err)
				}
			}
			next()
			send(tt.signal)
			switch tt.how {
			case "stuck":
				next()
				stop := repeat(func() { _ = child.Process.Signal(tt.signal) })
				defer stop()
			case "deaf":
				send(syscall.SIGTERM)
			}
			_, _ = io.Copy(io.Discard, lines)
			err = child.Wait()
			var died *exec.ExitError
			switch status, _ := child.ProcessState.Sys().(syscall.WaitStatus); {
			case tt.diesOf == 0 && child.ProcessState.ExitCode() != tt.code:
				t.Errorf("child: %v, want exit code %d", err, tt.code)
			case tt.diesOf != 0 && (!errors.As(err, &died) || !status.Signaled() || status.Signal() != tt.diesOf):
				t.Errorf("child: %v, want to die of %v", err, tt.diesOf)
			}
			if out.String() != tt.stdout || stderr.String() != tt.stderr {
				t.Errorf("stdout %q, stderr %q, want %q, %q", out.String(), stderr.String(), tt.stdout, tt.stderr)
			}
		})
	}
}

// repeat calls f ten times a second until stop is called.
func repeat(f func()) (stop func()) {
	end := make(chan struct{})
	go func() {
		for {
			select {
			case <-time.After(100 * time.Millisecond):
				f()
			case <-end:
				return
			}
		}
	}()
	return func() { close(end) }
}

func waitForSignal(how string) Code {
	root := tree(func(cmd *cobra.Command, _ []string) error {
		fmt.Fprintln(cmd.OutOrStdout(), "ready")
		<-cmd.Context().Done()
		switch how {
		case "success":
			fmt.Fprintln(cmd.OutOrStdout(), "clean")
			return nil
		case "slow":
			fmt.Fprintln(cmd.OutOrStdout(), "slow")
			_ = syscall.Kill(os.Getpid(), syscall.SIGINT) // the second signal
		case "stuck":
			fmt.Fprintln(cmd.OutOrStdout(), "stuck")
			select {}
		case "deaf":
			fmt.Fprintln(cmd.OutOrStdout(), "clean after", context.Cause(cmd.Context()))
			return cmd.Context().Err()
		}
		fmt.Fprintln(cmd.OutOrStdout(), "clean")
		if how == "final" {
			return Final(7, errors.New("end of its own"))
		}
		return cmd.Context().Err()
	})
	p := Program{Root: root, Streams: Streams{Out: os.Stdout, Err: os.Stderr}, sameRequest: time.Hour}
	if how == "stuck" {
		p.sameRequest = time.Millisecond
	}
	return p.Main(context.Background(), []string{"run"})
}
