package script

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"github.com/creack/pty"
	"github.com/rogpeppe/go-internal/testscript"

	"etcdkit/e2e/proc"
)

// A step of a dialog waits for a pattern or for a terminal that does not echo, or types a text.
type step struct {
	expect *regexp.Regexp
	noEcho bool
	send   string
}

// cmdPty: [!] pty DIALOG PROGRAM ARGS... runs a program of this side on a
// separate terminal and plays the dialog with it: lines "expect REGEXP",
// "noecho", "send "quoted"" and "sendline TEXT". All that the terminal shows is
// the stdout.
func cmdPty(ts *testscript.TestScript, neg bool, args []string) {
	st := stateOf(ts)
	if len(args) < 2 {
		ts.Fatalf("usage: pty DIALOG PROGRAM ARGS...")
	}
	steps, err := parseDialog(ts.ReadFile(args[0]))
	ts.Check(err)
	path, err := st.look(ts, args[1])
	ts.Check(err)
	cmd := exec.Command(path, st.patient(args[1], args[2:])...)
	cmd.Dir, cmd.Env = ts.MkAbs("."), append(st.environ(ts), "TERM=dumb")
	shown, code, err := st.onTerminal(cmd, steps)
	text := strings.ReplaceAll(shown, "\r\n", "\n")
	_, _ = io.WriteString(ts.Stdout(), text) // to memory
	ts.Check(err)
	st.finish(ts, ran{args[1], args[2:], code, neg, true}, text, text)
}

func parseDialog(text string) ([]step, error) {
	var steps []step
	for line := range strings.Lines(text) {
		verb, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		switch verb {
		case "":
		case "expect":
			re, err := regexp.Compile("(?m)" + rest)
			if err != nil {
				return nil, err
			}
			steps = append(steps, step{expect: re})
		case "noecho":
			steps = append(steps, step{noEcho: true})
		case "send":
			keys, err := strconv.Unquote(rest)
			if err != nil {
				return nil, fmt.Errorf("send %s: %w", rest, err)
			}
			steps = append(steps, step{send: keys})
		case "sendline":
			steps = append(steps, step{send: rest + "\n"})
		default:
			return nil, fmt.Errorf("a dialog has no %q", verb)
		}
	}
	return steps, nil
}

// onTerminal runs cmd on a pseudo-terminal and returns its output and exit
// state.
func (st *state) onTerminal(cmd *exec.Cmd, steps []step) (string, int, error) {
	ctrl, tty, err := pty.Open()
	if err != nil {
		return "", 0, err
	}
	defer ctrl.Close()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	p, err := proc.Start(cmd)
	if closeErr := tty.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return "", 0, err
	}
	defer p.Stop()
	var out proc.Output
	drained := make(chan struct{})
	go func() {
		_, _ = io.Copy(&out, ctrl) // ends with an error once the program has closed its side
		close(drained)
	}()
	if err := st.converse(ctrl, &out, drained, steps); err != nil {
		return out.String(), 0, fmt.Errorf("%w, shown so far:\n%s", err, out.String())
	}
	ctx, cancel := context.WithTimeout(st.ctx, waitBound)
	defer cancel()
	for _, c := range []<-chan struct{}{p.Done(), drained} {
		select {
		case <-c:
		case <-ctx.Done():
			return out.String(), 0, fmt.Errorf("does not end after the dialog, shown so far:\n%s", out.String())
		}
	}
	return out.String(), p.State().ExitCode(), nil
}

// converse plays a dialog; drained is closed when the terminal shows nothing any more.
func (st *state) converse(ctrl *os.File, out *proc.Output, drained <-chan struct{}, steps []step) error {
	seen := 0
	for _, s := range steps {
		switch {
		case s.expect != nil:
			err := out.Wait(st.ctx, waitBound, drained, func(text string) bool {
				loc := s.expect.FindStringIndex(text[seen:])
				if loc == nil {
					return false
				}
				seen += loc[1]
				return true
			})
			if err != nil {
				return fmt.Errorf("expect %s: %w", s.expect, err)
			}
		case s.noEcho:
			err := st.poll(func() bool {
				on, err := echoes(ctrl.Fd())
				return err == nil && !on
			}, func() string { return "a terminal that does not echo" })
			if err != nil {
				return err
			}
		default:
			if _, err := io.WriteString(ctrl, s.send); err != nil {
				return err
			}
		}
	}
	return nil
}
