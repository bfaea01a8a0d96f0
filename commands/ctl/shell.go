package ctl

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"etcdkit/commands/cli"
	"etcdkit/commands/conn"
)

// longestCommand is how long a line of the shell may be, in bytes: a server
// accepts less by default.
const longestCommand = 16 << 20

var errInputIsLines = errors.New("standard input holds the lines of the shell: use <<WORD and the lines up to WORD, or an argument")

// shell is what the commands of one shell have in common.
type shell struct {
	streams  cli.Streams // of the shell
	pool     conn.Pool
	settings []string          // the global flags of the shell, as variables
	origins  map[string]string // of the settings
	current  string            // the context that was current as the shell began
}

// newShellOf returns a shell that has the global flags of cmd.
func newShellOf(a *app, cmd *cobra.Command) *shell {
	sh := &shell{streams: a.streams, origins: maps.Clone(a.context.origins)}
	if a.context.flag == "" {
		sh.current = a.context.name
	}
	cmd.Root().PersistentFlags().VisitAll(func(f *pflag.Flag) {
		if from := sh.origins[f.Name]; from == "flag" || strings.HasPrefix(from, "ETCDCTL_") {
			sh.settings = append(sh.settings, cli.EnvName("ETCDCTL", f.Name)+"="+valueOf(f))
		}
	})
	return sh
}

// apply sets the global flags that a line does not have.
func (sh *shell) apply(a *app, fs *pflag.FlagSet) {
	a.context.current = sh.current
	a.output.ApplyEnv(cli.Streams{Env: sh.settings, Err: io.Discard}, "ETCDCTL", fs)
	given(fs, a.context.origins, func(name string) string { return sh.origins[name] })
}

// lineStreams are those of the shell for one of its lines: --errors is looked up
// before flags are parsed.
func (sh *shell) lineStreams() cli.Streams {
	s := sh.streams
	for _, setting := range sh.settings {
		if strings.HasPrefix(setting, "ETCDCTL_ERRORS=") {
			s.Env = append(slices.Clip(s.Env), setting)
		}
	}
	return s
}

// run runs a command. Errors have the number of its line unless that is 0.
func (sh *shell) run(ctx context.Context, c shellCommand, line int) cli.Code {
	s := sh.lineStreams()
	switch _, tty := cli.Terminal(s.In); {
	case c.in != nil:
		s.In = c.in
	case !tty:
		s.In = cli.NoInput{Err: errInputIsLines}
	}
	p := cli.Program{Root: newTree(&app{streams: s, shell: sh}, c.args), Streams: s, Prefix: "ETCDCTL"}
	if line > 0 {
		p.Explain = func(err error) error {
			if cli.IsReported(err) {
				fmt.Fprintf(s.Err, "line %d: exit code %d\n", line, cli.CodeOf(err))
				return err
			}
			return fmt.Errorf("line %d: %w", line, err)
		}
	}
	return p.Line(ctx, c.args)
}

// runLines runs the commands of the lines of standard input.
func (sh *shell) runLines(ctx context.Context, keepGoing func() bool) error {
	lines, number := bufio.NewScanner(sh.streams.Input(ctx)), 0
	lines.Buffer(nil, longestCommand)
	next := func(string) (string, error) {
		number++
		if lines.Scan() {
			return lines.Text(), nil
		}
		return "", cmp.Or(lines.Err(), io.EOF)
	}
	failed := cli.OK
	for ctx.Err() == nil {
		at := number + 1
		c, err := readCommand(next)
		var code cli.Code
		switch {
		case errors.Is(err, io.EOF) || err == nil && isExit(c.args):
			return ended(failed)
		case ctx.Err() != nil:
		case errors.Is(err, bufio.ErrTooLong):
			return cli.Exit(cli.InvalidInput, fmt.Errorf("line %d: longer than %d MiB", at, longestCommand>>20))
		case lines.Err() != nil:
			return cli.Exit(cli.IO, fmt.Errorf("read standard input: %w", err))
		case err != nil:
			if err = fmt.Errorf("line %d: %w", at, err); !keepGoing() {
				return err
			}
			code = cli.Program{Streams: sh.lineStreams(), Prefix: "ETCDCTL"}.Fail(err)
		case len(c.args) > 0:
			code = sh.run(ctx, c, at)
		}
		if failed == cli.OK {
			failed = code
		}
		if failed != cli.OK && !keepGoing() && ctx.Err() == nil {
			return ended(failed)
		}
	}
	return context.Cause(ctx)
}

// ended is the result of a shell whose first failure had this exit code.
func ended(failed cli.Code) error {
	if failed == cli.OK {
		return nil
	}
	return cli.Reported(failed, errors.New("a command failed"))
}

// isExit reports whether a command ends the shell.
func isExit(args []string) bool {
	return len(args) == 1 && (args[0] == "exit" || args[0] == "quit")
}

func newShell(a *app) *cobra.Command {
	keepGoing := false
	cmd := &cobra.Command{
		Use:   "shell",
		Short: "Run many commands on one connection",
		Long: `Run commands of etcdctl, one per line of standard input, in one process and on
one connection. The global flags of the shell apply to each line; those of a line
have precedence.

A line has words as in sh: 'text' is taken as it is, "text" has the escapes of Go
(such as \n), a backslash quotes one character, and # begins a comment. The word
etcdctl at the beginning is left out. There are no variables, patterns, pipes and
redirections. A last word <<WORD gives the command the following lines, up to the
line WORD, as standard input. A command that needs standard input fails without.

From a pipe or file, the shell ends at the first command that fails, with its exit
code; with --keep-going it runs the others too. Errors have the number of the line.
"exit" ends the shell.`,
		Example: `  etcdctl shell < lines
  printf 'put /app/%d on\n' $(seq 1000) | etcdctl shell --keep-going
  etcdctl --context prod shell -w json <<'END'
  get /app/1
  txn <<EOF
  mod("/app/1") > "0"

  del /app/1


  EOF
  END`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return argsError("shell accepts no arguments: its commands are the lines of standard input")
			}
			if a.shell != nil {
				return argsError("this is a shell already")
			}
			sh := newShellOf(a, cmd)
			defer sh.pool.Close()
			return sh.runLines(cmd.Context(), func() bool { return keepGoing })
		},
	}
	cmd.Flags().BoolVar(&keepGoing, "keep-going", false, "run the remaining commands after one fails")
	return curlRefuses(cmd, "give --curl to its lines")
}
