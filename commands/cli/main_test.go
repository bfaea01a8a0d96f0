package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// tree is a small program: "run" calls run, "box" has the subcommands "open"
// and "opaque".
func tree(run func(*cobra.Command, []string) error) *cobra.Command {
	root := &cobra.Command{
		Use: "prog", Short: "A program", Args: UnknownCommand, SuggestionsMinimumDistance: 2,
	}
	root.CompletionOptions.DisableDefaultCmd = true
	cmd := &cobra.Command{Use: "run", Short: "Run", RunE: run}
	cmd.Flags().Int("count", 0, "how `often`")
	box := &cobra.Command{Use: "box", Short: "Hold things"}
	for _, use := range []string{"open", "opaque"} {
		box.AddCommand(&cobra.Command{Use: use, Short: "Be " + use, RunE: run})
	}
	o := &Output{}
	o.AddTo(root, "prog")
	root.PersistentFlags().VisitAll(func(f *pflag.Flag) { f.Hidden = true })
	VersionFlag(root)
	root.AddCommand(cmd, box, Version("prog", o), Completion("prog", ""))
	FinishHelp(root, "The end.")
	return root
}

const (
	rootHelp = `A program

Usage:
  prog [command]

Available Commands:
  box         Hold things
  completion  Print a shell completion script
  help        Help about any command
  run         Run
  version     Print the version of prog

Flags:
  -h, --help      help for prog
      --version   print the version of etcdkit

Use "prog [command] --help" for more information about a command.
The end.
`
	boxHelp = `Hold things

Usage:
  prog box [command]

Available Commands:
  opaque      Be opaque
  open        Be open

Flags:
  -h, --help   help for box

Use "prog box [command] --help" for more information about a command.
The end.
`
	runHelp = `Run

Usage:
  prog run [flags]

Flags:
      --count often   how often
  -h, --help          help for run
The end.
`
)

func TestProgramMain(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	tests := []struct {
		name           string
		args           []string
		err            error // that the command returns
		code           Code
		stdout, stderr string
		explain        func(error) error
	}{
		{name: "success", args: []string{"run"}, stdout: "run []\n"},
		{name: "an abbreviation", args: []string{"r", "x"}, stdout: "run [x]\n"},
		{name: "a failure", args: []string{"run"}, err: boom, code: Failure, stdout: "run []\n", stderr: "Error: boom\n"},
		{name: "a code", args: []string{"run"}, err: fmt.Errorf("do: %w", Exit(BadArgs, boom)), code: BadArgs, stdout: "run []\n", stderr: "Error: do: boom\n"},
		{name: "an error that is out already", args: []string{"run"}, err: Reported(7, boom), code: 7, stdout: "run []\n"},
		{name: "an explanation", args: []string{"run"}, err: Exit(BadArgs, boom), code: BadArgs, stdout: "run []\n", stderr: "Error: boom: too hot\n",
			explain: func(err error) error { return fmt.Errorf("%w: too hot", err) }},
		{name: "nothing to explain", args: []string{"run"}, stdout: "run []\n",
			explain: func(error) error { return errors.New("asked about success") }},
		{name: "no command", stdout: rootHelp},
		{name: "help", args: []string{"--help"}, stdout: rootHelp},
		{name: "help for a command", args: []string{"run", "-h"}, stdout: runHelp},
		{name: "help by command", args: []string{"help", "run"}, stdout: runHelp},
		{name: "a typo", args: []string{"verzion"}, code: Failure,
			stderr: "Error: unknown command \"verzion\" for \"prog\"\nDid you mean version?\nRun 'prog --help' for usage.\n"},
		{name: "no command at all", args: []string{"xyzzy", "run"}, code: Failure,
			stderr: "Error: unknown command \"xyzzy\" for \"prog\"\nRun 'prog --help' for usage.\n"},
		{name: "help for a typo", args: []string{"help", "verzion"},
			stderr: "Error: unknown command \"verzion\" for \"prog\"\nDid you mean version?\nRun 'prog --help' for usage.\n"},
		{name: "help for a typo in a group", args: []string{"help", "box", "oben"}, stdout: boxHelp},
		{name: "an empty word", args: []string{""}, stdout: rootHelp, stderr: "Error: unknown command \"\" for \"prog\"\n"},
		{name: "a wrong flag after an empty word", args: []string{"", "--size"}, code: Failure,
			stderr: "Error: unknown flag: --size\nRun 'prog --help' for usage.\n"},
		{name: "a typo before a flag", args: []string{"rum", "--count", "1"}, code: Failure,
			stderr: "Error: unknown command \"rum\" for \"prog\"\nDid you mean run?\nRun 'prog --help' for usage.\n"},
		{name: "help before a command", args: []string{"-h", "run", "--count", "1"}, stdout: runHelp},
		{name: "help before a typo", args: []string{"--help", "rum", "run"}, code: Failure,
			stderr: "Error: unknown command \"rum\" for \"prog\"\nDid you mean run?\nRun 'prog --help' for usage.\n"},
		{name: "help after a typo", args: []string{"rum", "-h"}, code: Failure,
			stderr: "Error: unknown command \"rum\" for \"prog\"\nDid you mean run?\nRun 'prog --help' for usage.\n"},
		{name: "a command behind --", args: []string{"--", "run"}, stdout: rootHelp, stderr: "Error: a command can't stand behind --\n"},
		{name: "a command of a group behind --", args: []string{"box", "--", "open"}, stdout: boxHelp, stderr: "Error: a command can't stand behind --\n"},
		{name: "a group", args: []string{"box"}, stdout: boxHelp},
		{name: "help for a group", args: []string{"box", "--help"}, stdout: boxHelp},
		{name: "a command of a group", args: []string{"box", "open"}, stdout: "open []\n"},
		{name: "a typo in a group", args: []string{"box", "oben"}, stdout: boxHelp, stderr: "Error: unknown command \"oben\" for \"prog box\"\n"},
		{name: "an ambiguous abbreviation", args: []string{"box", "op"}, stdout: boxHelp, stderr: "Error: unknown command \"op\" for \"prog box\"\n"},
		{name: "a wrong flag", args: []string{"run", "--size", "1"}, code: Failure,
			stderr: "Error: unknown flag: --size\nRun 'prog run --help' for usage.\n"},
		{name: "a wrong value", args: []string{"run", "--count", "x"}, code: Failure,
			stderr: "Error: invalid argument \"x\" for \"--count\" flag: use a whole number such as 10\nRun 'prog run --help' for usage.\n"},
		{name: "a shell that does not exist", args: []string{"completion", "tcsh"}, code: Failure,
			stderr: "Error: invalid argument \"tcsh\" for \"prog completion\": use one of bash, zsh, fish, powershell\n"},
		{name: "no shell", args: []string{"completion"}, code: Failure, stderr: "Error: accepts 1 arg(s), received 0: use one of bash, zsh, fish, powershell\n"},
		{name: "version", args: []string{"version"}, stdout: "prog version: 3.7.3\nAPI version: 3.7\n"},
		{name: "version and build", args: []string{"version", "--build"}, stdout: "prog version: 3.7.3\nAPI version: 3.7\n" + buildLine() + "\n"},
		{name: "version as JSON", args: []string{"version", "-w", "json"}, stdout: fmt.Sprintf(`{"version":"3.7.3","api":"3.7","etcdkit":"%s","platform":"%s","go":"%s"}`+"\n", Build(), platform(), runtime.Version())},
		{name: "version as a template", args: []string{"version", "--template", "{{.version}}"}, stdout: "3.7.3\n"},
		{name: "version as a table", args: []string{"version", "-w", "table"}, stdout: "prog version: 3.7.3\nAPI version: 3.7\n"},
		{name: "our version", args: []string{"--version"}, stdout: buildLine() + "\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			root := tree(func(cmd *cobra.Command, args []string) error {
				fmt.Fprintln(cmd.OutOrStdout(), cmd.Name(), args)
				return tt.err
			})
			p := Program{Root: root, Streams: Streams{Out: &stdout, Err: &stderr}, Explain: tt.explain}
			if got := p.Main(t.Context(), tt.args); got != tt.code {
				t.Errorf("exit code %d, want %d", got, tt.code)
			}
			if got := stdout.String(); got != tt.stdout {
				t.Errorf("stdout\n%s\nwant\n%s", got, tt.stdout)
			}
			if got := stderr.String(); got != tt.stderr {
				t.Errorf("stderr\n%s\nwant\n%s", got, tt.stderr)
			}
		})
	}
}

func TestHelpFirst(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"-h", "rum"}, {"--help", "rum"}} {
		var stdout, stderr bytes.Buffer
		p := Program{Root: tree(func(*cobra.Command, []string) error { return nil }), Streams: Streams{Out: &stdout, Err: &stderr}, HelpFirst: HelpFirst(args)}
		want := "Error: unknown command \"rum\" for \"prog\"\nDid you mean run?\nRun 'prog --help' for usage.\n"
		if code := p.Main(t.Context(), args); code != OK || stdout.String() != rootHelp || stderr.String() != want {
			t.Errorf("%v: exit code %d, stderr %q, stdout\n%s", args, code, &stderr, &stdout)
		}
	}
}

func TestHelpThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {"help"}, {"run", "-h"}, {"box", "help"}} {
		var stderr bytes.Buffer
		p := Program{Root: tree(func(*cobra.Command, []string) error { return nil }), Streams: Streams{Out: failingWriter{}, Err: &stderr}}
		if code := p.Main(t.Context(), args); code != Failure || !strings.HasSuffix(stderr.String(), "Error: disk full\n") {
			t.Errorf("%v: exit code %d, stderr %q", args, code, &stderr)
		}
	}
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestMainCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout, stderr bytes.Buffer
	root := tree(func(cmd *cobra.Command, _ []string) error { return cmd.Context().Err() })
	code := Program{Root: root, Streams: Streams{Out: &stdout, Err: &stderr}}.Main(ctx, []string{"run"})
	if code != Failure || stdout.Len() > 0 || stderr.String() != "Error: context canceled\n" {
		t.Errorf("code %d, stdout %q, stderr %q", code, stdout.String(), stderr.String())
	}
}

func TestCompletionScripts(t *testing.T) {
	t.Parallel()
	for shell, start := range map[string]string{
		"bash": "# bash completion V2 for prog", "zsh": "#compdef prog\n", "fish": "# fish completion for prog", "powershell": "# powershell completion for prog",
	} {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			code := Program{Root: tree(func(*cobra.Command, []string) error { return nil }), Streams: Streams{Out: &stdout, Err: &stderr}}.Main(t.Context(), []string{"completion", shell})
			if code != OK || stderr.Len() > 0 {
				t.Errorf("code %d, stderr %q", code, stderr.String())
			}
			if got := stdout.String(); !strings.HasPrefix(got, start) || !strings.Contains(got, "__complete") {
				t.Errorf("no completion script for %s: %.80q", shell, got)
			}
		})
	}
}

func TestCompletionOfWords(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	root := tree(func(*cobra.Command, []string) error { return nil })
	code := Program{Root: root, Streams: Streams{Out: &stdout, Err: &stderr}}.Main(t.Context(), []string{"__complete", "box", "op"})
	want := "opaque\tBe opaque\nopen\tBe open\n:4\n"
	if code != OK || stdout.String() != want {
		t.Errorf("code %d, stdout %q, want %q", code, stdout.String(), want)
	}
}
