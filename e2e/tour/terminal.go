package tour

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"etcdkit/e2e/proc"
)

const (
	bound = time.Minute             // for one step, on a machine that is busy with others
	quiet = 1500 * time.Millisecond // the time after which no more output is expected of a program that is still running
	mark  = "\x1e\n"                // the shell's output when a command has ended
)

// A terminal is a shell, and the output read from it.
type terminal struct {
	shell   *proc.Process
	stdin   io.WriteCloser
	out     *proc.Output
	read    int  // bytes of out that belong to steps before
	running bool // a command has not ended
}

// loop makes the shell read one command at a time and leaves the rest of the
// input to the command. A signal that ends a command does not affect the shell:
// a trap is not inherited by the commands it runs.
const loop = `trap : INT
while IFS= read -r line; do
	command=$(printf %s "$line" | tr '\037' '\n')
	(exit ${status:-0})
	eval "$command"
	status=$?
	printf '\036\n'
done`

// open starts a shell.
func open(dir string, env []string) (*terminal, error) {
	cmd := exec.Command("sh", "-c", loop)
	cmd.Dir, cmd.Env = dir, env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	t := &terminal{out: new(proc.Output)}
	cmd.Stdout, cmd.Stderr = t.out, t.out
	var err error
	if t.stdin, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if t.shell, err = proc.Start(cmd); err != nil {
		return nil, err
	}
	return t, nil
}

// close ends the shell and its processes.
func (t *terminal) close() {
	_ = t.signal(syscall.SIGKILL) // fails where all of them have ended
	_ = t.stdin.Close()
	t.shell.Stop()
}

// signal sends a signal to the shell and to its processes.
func (t *terminal) signal(sig syscall.Signal) error { return syscall.Kill(-t.shell.PID(), sig) }

// enter types the input of a step.
func (t *terminal) enter(typed string) error {
	switch {
	case t.running == strings.HasPrefix(typed, "$ "):
		return fmt.Errorf("a command is running in this terminal: %t", t.running)
	case typed == "":
		return nil
	case typed == interrupt:
		return t.signal(syscall.SIGINT)
	case strings.HasPrefix(typed, "$ "):
		t.running = true
		first, rest, _ := strings.Cut(typed[2:], "\n")
		for line := range strings.Lines(rest) {
			first += "\037" + input(line)
		}
		typed = first + "\n"
	default:
		typed = input(typed) + "\n"
	}
	_, err := io.WriteString(t.stdin, typed)
	return err
}

// input is a line without its prompt and end.
func input(line string) string {
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(line, ">"), " "), "\n")
}

// toEnd returns the output until the command ends.
func (t *terminal) toEnd(ctx context.Context) (string, error) {
	return t.await(ctx, func(string) bool { return false })
}

// await returns the output until cond holds for it or the command ends; also
// with an error.
func (t *terminal) await(ctx context.Context, cond func(string) bool) (string, error) {
	err := t.out.Wait(ctx, bound, t.shell.Done(), func(text string) bool {
		text = text[t.read:]
		return cond(text) || strings.HasSuffix(text, mark)
	})
	return t.take(), err
}

// untilQuiet returns the output until nothing has arrived for a while or the
// command ends.
func (t *terminal) untilQuiet() string {
	for {
		text, more := t.out.Next()
		if strings.HasSuffix(text[t.read:], mark) {
			return t.take()
		}
		select {
		case <-more:
		case <-time.After(quiet):
			return t.take()
		}
	}
}

// take returns the output since its last call.
func (t *terminal) take() string {
	text := t.out.String()[t.read:]
	t.read += len(text)
	text, ended := strings.CutSuffix(text, mark)
	t.running = t.running && !ended
	return text
}
