package script

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"etcdkit/e2e/proc"
	"etcdkit/e2e/refs"
)

// cmdProgram: [!] PROGRAM ARGS... [<] [&NAME&] runs a program of this side and records it.
func cmdProgram(prog string) command {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		st := stateOf(ts)
		if b, ok := background(args); ok {
			if neg {
				ts.Fatalf("the ! belongs before collect")
			}
			ts.Check(st.startJob(ts, prog, b))
			return
		}
		path, err := st.look(ts, prog)
		ts.Check(err)
		stdout, stderr, code, err := st.exec(ts, path, st.patient(prog, args))
		_, _ = io.WriteString(ts.Stdout(), stdout) // both write to memory
		_, _ = io.WriteString(ts.Stderr(), stderr)
		ts.Check(err)
		st.finish(ts, ran{prog, args, code, neg, false}, stdout, stderr)
	}
}

// exec runs a program to its end, in the script's directory and environment and with the standard input that the script
// has set.
func (st *state) exec(ts *testscript.TestScript, path string, args []string) (stdout, stderr string, code int, err error) {
	stdin, err := st.stdin(ts)
	if err != nil {
		return "", "", 0, err
	}
	cmd := exec.Command(path, args...)
	cmd.Dir, cmd.Env = ts.MkAbs("."), st.environ(ts)
	cmd.Stdin = strings.NewReader(stdin)
	var out, errOut proc.Output
	cmd.Stdout, cmd.Stderr = &out, &errOut
	p, err := proc.Start(cmd)
	if err != nil {
		return "", "", 0, err
	}
	defer p.Stop()
	ctx, cancel := context.WithTimeout(st.ctx, waitBound)
	defer cancel()
	select {
	case <-p.Done():
		return out.String(), errOut.String(), p.State().ExitCode(), nil
	case <-ctx.Done():
		return out.String(), errOut.String(), 0, fmt.Errorf("still running after %v", waitBound)
	}
}

// stdin returns the standard input that the script sets for a program. It can
// only be obtained by running a program on it.
func (st *state) stdin(ts *testscript.TestScript) (string, error) {
	if st.noStdin {
		return "", nil
	}
	err := ts.Exec("cat")
	return ts.ReadFile("stdout"), err
}

// ran is a program that has ended, its output being the script's stdout and stderr.
type ran struct {
	prog string
	args []string
	exit int
	neg  bool // the script says it fails
	tty  bool // it ran on a terminal, and its stderr is in its stdout
}

// finish records a program and holds its exit code against the script's "!".
func (st *state) finish(ts *testscript.TestScript, r ran, stdout, stderr string) {
	st.last.ran, st.last.exit = true, r.exit
	words := r.args
	if r.prog == "sh" {
		words = strings.Fields(strings.Join(r.args, " "))
	}
	st.last.format = outputFormat(words, ts.Getenv("ETCDCTL_WRITE_OUT"))
	var errs string
	switch {
	case st.allStderr || st.v2 && r.exit != 0:
		errs = withoutLogs(stderr)
	case r.exit != 0:
		errs = errorLines(stderr)
	}
	if st.side.reference {
		errs = dropRepeats(errs)
	}
	_, free := st.deviates[aspectExit]
	if r.tty {
		stderr = ""
	}
	shown, borders := st.readable(stdout, st.last.format)
	if st.side.diff && st.side.reference && r.exit != 0 && explainsUsage(shown) {
		shown = ""
	}
	st.tr.Entries = append(st.tr.Entries, Entry{
		stderr:   stderr,
		Line:     quoteArgs(append([]string{r.prog}, r.args...)),
		Stdout:   shown,
		Borders:  borders,
		Errors:   errs,
		Exit:     r.exit,
		Deviates: st.deviates,
		format:   st.last.format,
		masks:    st.masks.ruleSet(),
	})
	st.deviates = nil
	switch {
	case free:
	case r.neg && r.exit == 0:
		ts.Fatalf("unexpected success")
	case !r.neg && r.exit != 0:
		ts.Fatalf("exit code %d", r.exit)
	}
}

// explainsUsage reports whether the stdout of a failed command is etcdctl's
// usage text after a wrong flag, as up to 3.6.
func explainsUsage(stdout string) bool {
	return strings.HasPrefix(stdout, "NAME:\n") || strings.HasPrefix(stdout, "Incorrect Usage")
}

// readable turns protobuf into text. When two sides are compared it removes the
// box characters from a table, so that one set of masks suffices for all, and
// returns them separately.
func (st *state) readable(stdout, format string) (text, borders string) {
	switch {
	case format == "protobuf":
		return dumpWire([]byte(stdout)), ""
	case format == "table" && st.side.diff:
		return asciiBorders(stdout), boxes(stdout)
	default:
		return stdout, ""
	}
}

// outputFormat reads -w and --write-out as the programs do: the last one counts, then the environment.
func outputFormat(args []string, env string) string {
	format := env
	for i, a := range args {
		switch {
		case a == "--":
			return format
		case (a == "-w" || a == "--write-out") && i+1 < len(args):
			format = args[i+1]
		case strings.HasPrefix(a, "--write-out="):
			format = strings.TrimPrefix(a, "--write-out=")
		case strings.HasPrefix(a, "-w") && len(a) > 2:
			format = strings.TrimPrefix(a[2:], "=")
		}
	}
	return format
}

// cmdRef: ref PROGRAM ARGS... runs the reference's program on both sides, unrecorded; it must succeed.
func cmdRef(ts *testscript.TestScript, st *state, args []string) {
	if len(args) == 0 {
		ts.Fatalf("usage: ref PROGRAM ARGS...")
	}
	if st.stranded {
		ts.Fatalf("there are no servers to run against")
	}
	dir, err := st.eng.Refs.Build(st.ctx, st.line)
	ts.Check(err)
	stdout, stderr, code, err := st.exec(ts, refs.Path(dir, args[0]), st.patient(args[0], args[1:]))
	_, _ = io.WriteString(ts.Stdout(), stdout)
	_, _ = io.WriteString(ts.Stderr(), stderr)
	ts.Check(err)
	if code != 0 {
		ts.Fatalf("exit code %d", code)
	}
}

// cmdEventually: eventually REGEXP ARGS... runs the reference's etcdctl, unrecorded, until its output matches.
func cmdEventually(ts *testscript.TestScript, st *state, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: eventually REGEXP ETCDCTL-ARGS...")
	}
	re, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	dir, err := st.eng.Refs.Build(st.ctx, st.line)
	ts.Check(err)
	env := unshadowed(st.environ(ts), args[1:])
	var last []byte
	ts.Check(st.poll(func() bool {
		cmd := exec.CommandContext(st.ctx, refs.Path(dir, "etcdctl"), st.patient("etcdctl", args[1:])...)
		cmd.Env = env
		last, _ = cmd.CombinedOutput()
		return re.Match(last)
	}, func() string { return "output " + args[0] + ", last:\n" + string(last) }))
}

// unshadowed removes from an environment the variables that a flag in args sets
// too: the references refuse to run with both.
func unshadowed(env, args []string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		option, ok := strings.CutPrefix(name, "ETCDCTL_")
		flag := "--" + strings.ToLower(strings.ReplaceAll(option, "_", "-"))
		return ok && slices.ContainsFunc(args, func(arg string) bool { return arg == flag || strings.HasPrefix(arg, flag+"=") })
	})
}

// poll calls cond until it holds, at increasing intervals, so that polling does
// not delay a slow condition.
func (st *state) poll(cond func() bool, what func() string) error {
	const first, last = 50 * time.Millisecond, 250 * time.Millisecond
	bound := time.NewTimer(waitBound)
	defer bound.Stop()
	for interval := first; !cond(); interval = min(interval*5/4, last) {
		select {
		case <-time.After(interval):
		case <-bound.C:
			return errors.New("waited in vain for " + what())
		case <-st.ctx.Done():
			return st.ctx.Err()
		}
	}
	return nil
}
