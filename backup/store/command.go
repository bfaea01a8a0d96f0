package store

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// commandScheme begins the location of a Command.
const commandScheme = "command:"

// The exit codes by which a program says what kind of failure it is.
// docs/backup-store.md describes the program.
const (
	exitNotFound = 3
	exitExists   = 4
	exitMissing  = 5
	exitDenied   = 6
	exitFull     = 7
)

const (
	// maxSaid bounds what is kept of a program's standard error.
	maxSaid = 4 << 10
	// killWait is how long the output of a program that was killed may stay open.
	killWait = 5 * time.Second
)

// Command is a store behind a program of the user's, which is run for each
// operation: `PROGRAM put NAME`, `create NAME` (only if there is none), `get NAME
// OFFSET LENGTH`, `list PREFIX` and `delete NAME`. Its environment is the one
// given, without what is meant for etcdctl and etcdutl.
type Command struct {
	program string
	env     []string
}

// NewCommand returns the store behind a program, given by its path or by a name
// that is looked up on the PATH.
func NewCommand(program string, env []string) *Command {
	c := &Command{program: program, env: []string{}}
	for _, v := range env {
		if !strings.HasPrefix(v, "ETCDCTL_") && !strings.HasPrefix(v, "ETCDUTL_") {
			c.env = append(c.env, v)
		}
	}
	return c
}

// Location is the location that opens it.
func (c *Command) Location() string { return commandScheme + c.program }

// Close does nothing.
func (c *Command) Close() error { return nil }

// run is a program that runs.
type run struct {
	c    *Command
	ctx  context.Context
	cmd  *exec.Cmd
	what string // for messages
	said tail
}

// prepare returns the program with arguments, not started.
func (c *Command) prepare(ctx context.Context, args ...string) *run {
	r := &run{c: c, ctx: ctx, what: strings.Join(args, " ")}
	r.cmd = exec.CommandContext(ctx, c.program, args...)
	r.cmd.Env, r.cmd.Stderr, r.cmd.WaitDelay = c.env, &r.said, killWait
	ownGroup(r.cmd)
	return r
}

// ended gives the end of the program its meaning.
func (r *run) ended(err error) error {
	if err == nil {
		return nil
	}
	if r.ctx.Err() != nil {
		return context.Cause(r.ctx)
	}
	said := r.said.line()
	if said != "" {
		said = ": " + said
	}
	text := fmt.Errorf("%s %s: %w%s", r.c.program, r.what, err, said)
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return text
	}
	switch exit.ExitCode() {
	case exitNotFound:
		return WithKind(ErrNotFound, text)
	case exitExists:
		return WithKind(ErrExists, text)
	case exitMissing:
		return WithKind(ErrMissing, text)
	case exitDenied:
		return WithKind(ErrDenied, text)
	case exitFull:
		return WithKind(ErrFull, text)
	}
	return text
}

// Put gives the program what r yields. If r fails, the program is killed before
// it sees the end of its standard input.
func (c *Command) Put(ctx context.Context, name string, r io.Reader, o PutOptions) (Object, error) {
	if err := CheckName(name); err != nil {
		return Object{}, err
	}
	verb := "put"
	if o.IfAbsent {
		verb = "create"
	}
	// With ctx, the standard input would be closed and the program killed in any
	// order; the reader fails instead when ctx is done.
	p := c.prepare(context.WithoutCancel(ctx), verb, name)
	in, err := p.cmd.StdinPipe()
	if err != nil {
		return Object{}, err
	}
	if err := p.cmd.Start(); err != nil {
		return Object{}, p.ended(err)
	}
	stop := context.AfterFunc(ctx, func() { _ = p.cmd.Cancel() })
	source := &counter{r: Reader(ctx, r, o)}
	_, copyErr := io.CopyBuffer(struct{ io.Writer }{in}, source, make([]byte, chunk))
	if source.err != nil || ctx.Err() != nil {
		_ = p.cmd.Cancel()
	}
	closeErr := in.Close()
	stop()
	err = p.ended(p.cmd.Wait())
	switch {
	case source.err != nil:
		return Object{}, source.err
	case ctx.Err() != nil:
		return Object{}, context.Cause(ctx)
	case err != nil:
		return Object{}, err
	case copyErr != nil || closeErr != nil:
		return Object{}, fmt.Errorf("%s %s: it did not read all of its standard input: %w", c.program, p.what, errors.Join(copyErr, closeErr))
	}
	return Object{Name: name, Size: source.n, Modified: time.Now()}, nil
}

// counter counts what a reader yields and keeps its error.
type counter struct {
	r   io.Reader
	n   int64
	err error
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if err != nil && err != io.EOF {
		c.err = err
	}
	return n, err
}

// Get reads the program's standard output, whose end counts only if the program
// ends with 0.
func (c *Command) Get(ctx context.Context, name string, offset, length int64) (io.ReadCloser, error) {
	if err := errors.Join(CheckName(name), CheckRange(offset, length)); err != nil {
		return nil, err
	}
	out, err := c.output(ctx, "get", name, strconv.FormatInt(offset, 10), strconv.FormatInt(length, 10))
	if err != nil {
		return nil, err
	}
	out.limit = length
	if _, err := out.r.Peek(1); err != nil { // whether there is an object is known before its first byte
		if out.err = out.end(err); out.err != io.EOF { //nolint:errorlint // the contract of a reader
			return nil, out.err
		}
	}
	return out, nil
}

// printed is what a program prints.
type printed struct {
	run   *run
	r     *bufio.Reader
	limit int64 // bytes that it may print, or -1
	n     int64 // bytes read
	over  bool  // the program has ended
	err   error // of the end
}

// output starts a program whose output is read.
func (c *Command) output(ctx context.Context, args ...string) (*printed, error) {
	p := c.prepare(ctx, args...)
	pipe, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, p.ended(err)
	}
	return &printed{run: p, r: bufio.NewReaderSize(pipe, 64<<10), limit: -1}, nil
}

func (o *printed) Read(p []byte) (int, error) {
	if o.err != nil {
		return 0, o.err
	}
	n, err := o.r.Read(p)
	o.n += int64(n)
	switch {
	case o.limit >= 0 && o.n > o.limit:
		o.err = fmt.Errorf("%s %s: it printed more than the %d bytes that were requested", o.run.c.program, o.run.what, o.limit)
		return 0, o.err
	case err != nil:
		o.err = o.end(err)
	}
	return n, o.err
}

// end waits for the program after a read has failed or reached the end, and
// returns io.EOF if all is well.
func (o *printed) end(err error) error {
	o.over = true
	if ended := o.run.ended(o.run.cmd.Wait()); ended != nil {
		return ended
	}
	return err
}

// Close ends the program if it still runs.
func (o *printed) Close() error {
	if !o.over {
		o.over = true
		_ = o.run.cmd.Cancel()
		_ = o.run.cmd.Wait() // it was killed
	}
	return nil
}

// List parses the program's lines: name, size and seconds since 1970, separated
// by tabs, in any order. Names that no object can have are left out. The list is
// held until it is complete, because it has to be sorted.
func (c *Command) List(ctx context.Context, prefix string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		all, err := c.list(ctx, prefix)
		if err != nil {
			yield(Object{}, err)
			return
		}
		Sorted(all, yield)
	}
}

func (c *Command) list(ctx context.Context, prefix string) (all []Object, err error) {
	out, err := c.output(ctx, "list", prefix)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		o, err := parseLine(lines.Text())
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", c.program, out.run.what, err)
		}
		if strings.HasPrefix(o.Name, prefix) && CheckName(o.Name) == nil {
			all = append(all, o)
		}
	}
	return all, lines.Err()
}

// parseLine parses a line of a list.
func parseLine(line string) (Object, error) {
	bad := fmt.Errorf("%.100q is no line of a list: print name, size and seconds since 1970, separated by tabs", line)
	fields := strings.Split(line, "\t")
	if len(fields) != 3 {
		return Object{}, bad
	}
	size, err := strconv.ParseInt(fields[1], 10, 64)
	seconds, _, _ := strings.Cut(fields[2], ".")
	modified, timeErr := strconv.ParseInt(seconds, 10, 64)
	if err != nil || timeErr != nil || size < 0 {
		return Object{}, bad
	}
	return Object{Name: fields[0], Size: size, Modified: time.Unix(modified, 0)}, nil
}

// Delete runs the program.
func (c *Command) Delete(ctx context.Context, name string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	p := c.prepare(ctx, "delete", name)
	if err := p.ended(p.cmd.Run()); !errors.Is(err, ErrNotFound) {
		return err
	}
	return nil
}

// Incomplete yields nothing: what a killed program leaves is its own affair.
func (c *Command) Incomplete(context.Context, string) iter.Seq2[Upload, error] {
	return func(func(Upload, error) bool) {}
}

// Abort has nothing to remove.
func (c *Command) Abort(context.Context, Upload) error { return nil }

// tail keeps the last bytes written to it.
type tail struct{ b []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.b = append(t.b, p...)
	if len(t.b) > maxSaid {
		t.b = append(t.b[:0], t.b[len(t.b)-maxSaid:]...)
	}
	return len(p), nil
}

// line is the last line that is not blank.
func (t *tail) line() string {
	lines := bytes.Split(bytes.TrimSpace(t.b), []byte("\n"))
	return strings.TrimSpace(strings.ToValidUTF8(string(lines[len(lines)-1]), "?"))
}
