package script

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"

	"etcdkit/e2e/proc"
)

// A job is a program running in the background of a script.
type job struct {
	prog   string
	args   []string
	proc   *proc.Process
	stdin  io.WriteCloser // nil unless the script feeds it
	stdout proc.Output
	stderr proc.Output
	lines  int // that the script has awaited last, 0 where it has not
}

// end makes sure that nothing of the job is left.
func (j *job) end() {
	if j.stdin != nil {
		_ = j.stdin.Close() // closed already once the program has ended
	}
	j.proc.Stop()
}

// jobLine is "ARGS... [<] &NAME&" (or "&").
type jobLine struct {
	name string
	feed bool // with "<": its standard input is a pipe
	args []string
}

// background reads a line that starts a job; ok is false for any other.
func background(args []string) (b jobLine, ok bool) {
	if len(args) == 0 {
		return b, false
	}
	last := args[len(args)-1]
	switch {
	case last == "&":
		b.name = "job"
	case len(last) > 2 && last[0] == '&' && last[len(last)-1] == '&':
		b.name = last[1 : len(last)-1]
	default:
		return b, false
	}
	b.args = args[:len(args)-1]
	if n := len(b.args) - 1; n >= 0 && b.args[n] == "<" {
		b.feed, b.args = true, b.args[:n]
	}
	return b, true
}

// startJob starts a program.
func (st *state) startJob(ts *testscript.TestScript, prog string, b jobLine) error {
	if _, ok := st.jobs[b.name]; ok {
		return fmt.Errorf("job %s is running already", b.name)
	}
	path, err := st.look(ts, prog)
	if err != nil {
		return err
	}
	j := &job{prog: prog, args: b.args}
	cmd := exec.Command(path, st.patient(prog, b.args)...)
	cmd.Dir, cmd.Env = ts.MkAbs("."), st.environ(ts)
	cmd.Stdout, cmd.Stderr = &j.stdout, &j.stderr
	if b.feed {
		if j.stdin, err = cmd.StdinPipe(); err != nil {
			return err
		}
	}
	if j.proc, err = proc.Start(cmd); err != nil {
		return err
	}
	st.jobs[b.name] = j
	return nil
}

// look finds a program on the script's search path, not on ours.
func (st *state) look(ts *testscript.TestScript, prog string) (string, error) {
	if st.stranded {
		return "", errors.New("there are no servers to run against")
	}
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		path := filepath.Join(dir, prog)
		if info, err := os.Stat(path); err == nil && !info.IsDir() && info.Mode()&0o111 != 0 {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s: %w", prog, exec.ErrNotFound)
}

func (st *state) job(ts *testscript.TestScript, name string) *job {
	j, ok := st.jobs[name]
	if !ok {
		ts.Fatalf("no job %q", name)
	}
	return j
}

// cmdAwait: await NAME REGEXP, or await -lines N NAME, waits for a job's output
// on stdout.
func cmdAwait(ts *testscript.TestScript, st *state, args []string) {
	lines := 0
	if len(args) == 3 && args[0] == "-lines" {
		n, err := strconv.Atoi(args[1])
		ts.Check(err)
		lines, args = n, args[2:]
	}
	if lines == 0 && len(args) != 2 || lines != 0 && len(args) != 1 {
		ts.Fatalf("usage: await NAME REGEXP | await -lines N NAME")
	}
	j := st.job(ts, args[0])
	j.lines = lines
	cond := func(text string) bool { return strings.Count(text, "\n") >= lines }
	if lines == 0 {
		re, err := regexp.Compile("(?m)" + args[1])
		ts.Check(err)
		cond = re.MatchString
	}
	if err := j.stdout.Wait(st.ctx, waitBound, j.proc.Done(), cond); err != nil {
		ts.Fatalf("job %s: %v\n[stdout]\n%s[stderr]\n%s", args[0], err, j.stdout.String(), j.stderr.String())
	}
}

// cmdSignal: signal NAME INT|TERM|KILL|HUP|PIPE sends a job a signal.
func cmdSignal(ts *testscript.TestScript, st *state, args []string) {
	signals := map[string]os.Signal{
		"INT": os.Interrupt, "TERM": syscall.SIGTERM, "KILL": os.Kill, "HUP": syscall.SIGHUP, "PIPE": syscall.SIGPIPE,
	}
	if len(args) != 2 || signals[args[1]] == nil {
		ts.Fatalf("usage: signal NAME INT|TERM|KILL|HUP|PIPE")
	}
	ts.Check(st.job(ts, args[0]).proc.Signal(signals[args[1]]))
}

// cmdFeed: feed NAME FILE writes a file to a job's standard input; feed -eof NAME closes it.
func cmdFeed(ts *testscript.TestScript, st *state, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: feed NAME FILE | feed -eof NAME")
	}
	name, eof := args[0], args[0] == "-eof"
	if eof {
		name = args[1]
	}
	j := st.job(ts, name)
	if j.stdin == nil {
		ts.Fatalf("job %s was started without <", name)
	}
	if eof {
		ts.Check(j.stdin.Close())
		return
	}
	_, err := io.WriteString(j.stdin, ts.ReadFile(args[1]))
	ts.Check(err)
}

// cmdCollect: [!] collect NAME waits until a job ends and makes its output the script's, recorded.
func cmdCollect(ts *testscript.TestScript, neg bool, args []string) {
	st := stateOf(ts)
	if len(args) != 1 {
		ts.Fatalf("usage: collect NAME")
	}
	j := st.job(ts, args[0])
	ctx, cancel := context.WithTimeout(st.ctx, waitBound)
	defer cancel()
	select {
	case <-j.proc.Done():
	case <-ctx.Done():
		ts.Fatalf("job %s does not end\n[stdout]\n%s[stderr]\n%s", args[0], j.stdout.String(), j.stderr.String())
	}
	delete(st.jobs, args[0])
	j.end()
	stdout, stderr := j.stdout.String(), j.stderr.String()
	if n := strings.Count(stdout, "\n"); j.lines > 0 && n > j.lines {
		ts.Fatalf("job %s was awaited for %d lines and has printed %d: how many there are when it is ended is a matter of luck\n%s",
			args[0], j.lines, n, stdout)
	}
	_, _ = io.WriteString(ts.Stdout(), stdout) // both write to memory
	_, _ = io.WriteString(ts.Stderr(), stderr)
	st.finish(ts, ran{j.prog, append(j.args, "&"), j.proc.State().ExitCode(), neg, false}, stdout, stderr)
}
