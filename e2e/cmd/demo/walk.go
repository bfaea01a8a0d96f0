package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"
)

// step is one command line and its expected result.
type step struct {
	args   []string // program first; $NAME is replaced by the value that an earlier step saved
	code   int      // exit code
	stdout []string // regular expressions, each of which some whole line of stdout matches
	stderr string   // regular expression for stderr; empty: nothing there
	absent string   // regular expression that no line of stdout may match
	until  int      // > 0: interrupt the command when this many lines are out
	save   string   // save the first group of stdout[0] under this name
}

// walk runs steps against one etcd after another.
type walk struct {
	out       io.Writer
	bin, dir  string
	endpoints string
	saved     map[string]string
}

func (w *walk) title(s string) { fmt.Fprintf(w.out, "\n== %s ==\n", s) }

func (w *walk) all(ctx context.Context, chapters []chapter) error {
	for _, c := range chapters {
		w.title(c.title)
		for _, s := range c.steps {
			if _, err := w.run(ctx, s); err != nil {
				return fmt.Errorf("%s: %w", commandLine(s.args), err)
			}
		}
	}
	return nil
}

// run shows and runs one step and returns its stdout.
func (w *walk) run(ctx context.Context, s step) (string, error) {
	args := w.expand(s.args)
	fmt.Fprintf(w.out, "\n$ %s\n", commandLine(args))
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, w.bin+"/"+args[0], args[1:]...)
	cmd.Dir = w.dir
	cmd.Env = append(os.Environ(), "ETCDCTL_ENDPOINTS="+w.endpoints)
	var stdout, stderr bytes.Buffer
	cmd.Stderr = io.MultiWriter(&stderr, w.out)
	if err := w.follow(cmd, s.until, &stdout); err != nil {
		return "", err
	}
	if err := s.check(cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()); err != nil {
		return "", err
	}
	if s.save != "" {
		if w.saved == nil {
			w.saved = map[string]string{}
		}
		w.saved[s.save] = regexp.MustCompile(s.stdout[0]).FindStringSubmatch(stdout.String())[1]
	}
	return stdout.String(), nil
}

// follow runs cmd, showing its output as it is printed, and interrupts it after
// until lines if that is not 0.
func (w *walk) follow(cmd *exec.Cmd, until int, stdout *bytes.Buffer) error {
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	in := bufio.NewReader(pipe)
	for lines := 1; ; lines++ {
		line, err := in.ReadString('\n')
		stdout.WriteString(line)
		fmt.Fprint(w.out, line)
		if err != nil {
			break
		}
		if lines == until {
			if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
				return err
			}
		}
	}
	if err := cmd.Wait(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		return err
	}
	return nil
}

func (s step) check(code int, stdout, stderr string) error {
	want := s.code
	if s.until > 0 {
		want = -1 // ended by the signal
	}
	if code != want {
		return fmt.Errorf("exit code %d, want %d", code, want)
	}
	lines := strings.Split(strings.TrimSuffix(stdout, "\n"), "\n")
	for _, expr := range s.stdout {
		if !slices.ContainsFunc(lines, whole(expr).MatchString) {
			return fmt.Errorf("no line of the output is %s", expr)
		}
	}
	if s.absent != "" && slices.ContainsFunc(lines, whole(s.absent).MatchString) {
		return fmt.Errorf("a line of the output is %s", s.absent)
	}
	if !whole(s.stderr).MatchString(strings.TrimSpace(stderr)) {
		return fmt.Errorf("the error stream is not %q", s.stderr)
	}
	return nil
}

func whole(expr string) *regexp.Regexp { return regexp.MustCompile(`(?s)^(?:` + expr + `)$`) }

// expand replaces saved names in the arguments.
func (w *walk) expand(args []string) []string {
	args = slices.Clone(args)
	for i := range args {
		for name, value := range w.saved {
			args[i] = strings.ReplaceAll(args[i], "$"+name, value)
		}
	}
	return args
}

// commandLine is how a person would type the arguments.
func commandLine(args []string) string {
	quoted := make([]string, len(args))
	for i, a := range args {
		quoted[i] = a
		if a == "" || strings.ContainsAny(a, " \"'$*") {
			quoted[i] = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}

// sameData asks for all keys on the first and the second etcd.
func (w *walk) sameData(ctx context.Context, second string) error {
	all := step{args: []string{"etcdctl", "get", "/", "--prefix"}, stdout: []string{"/app/name", "etcdkit"}}
	w.title("The same data on the first etcd and on the second")
	before, err := w.run(ctx, all)
	if err != nil {
		return err
	}
	w.endpoints = second
	after, err := w.run(ctx, all)
	if err != nil {
		return err
	}
	if before != after {
		return errors.New("the restored etcd does not hold the same data")
	}
	fmt.Fprintln(w.out, "\nEvery step gave what it should.")
	return nil
}
