package cli

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// FinishHelp gives a complete command tree the help behaviour that both
// programs share: an unknown command is reported, and footer ends every help
// text.
func FinishHelp(root *cobra.Command, footer string) {
	usual := root.HelpFunc()
	root.SetHelpFunc(func(cmd *cobra.Command, args []string) {
		onTerminal(cmd, func() {
			usual(cmd, args)
			if footer != "" {
				fmt.Fprintln(cmd.OutOrStdout(), footer)
			}
		})
	})
	const lines = "{{if .Runnable}}\n  {{.UseLine}}{{end}}{{if .HasAvailableSubCommands}}\n  {{.CommandPath}} [command]{{end}}"
	root.SetUsageTemplate(strings.Replace(root.UsageTemplate(), lines, // one line of usage, also for groups that show their help
		"{{if .HasAvailableSubCommands}}\n  {{.CommandPath}} [command]{{else}}\n  {{.UseLine}}{{end}}", 1))
	root.InitDefaultHelpFlag() // known before the command is looked for, so that "-h get" finds it
	if !root.Runnable() {
		root.RunE = showHelp
	}
	groups(root)
	helpCommand(root)
}

// onTerminal runs show, which prints help. If that goes to a terminal, it is made
// to fit.
func onTerminal(cmd *cobra.Command, show func()) {
	out := cmd.OutOrStdout()
	tty, ok := helpTerminal(out)
	if !ok {
		show()
		return
	}
	var text strings.Builder
	root := cmd.Root()
	root.SetOut(&text)
	show()
	root.SetOut(out)
	fmt.Fprint(out, fit(text.String(), columns(tty)))
}

// helpTerminal is Terminal for what help is written to.
func helpTerminal(out io.Writer) (*os.File, bool) {
	if h, ok := out.(*helpWriter); ok {
		out = h.w
	}
	return Terminal(out)
}

// checkHelp makes a command line that asks for help with an unknown command
// fail with that error and without help. It returns a pointer to that error:
// cobra, which checks no arguments when it shows help, provides no other way.
func (p Program) checkHelp() *error {
	var unknown error
	usual := p.Root.HelpFunc()
	p.Root.SetHelpFunc(func(cmd *cobra.Command, args []string) {
		if !cmd.HasParent() && cmd.Args != nil {
			unknown = cmd.Args(cmd, cmd.Flags().Args())
		}
		switch {
		case unknown != nil && p.HelpFirst:
			p.report(unknown)
			unknown = nil
		case unknown != nil:
			return
		}
		usual(cmd, args)
	})
	return &unknown
}

// HelpFirst reports whether the arguments begin with a request for help.
func HelpFirst(args []string) bool {
	return len(args) > 0 && (args[0] == "-h" || args[0] == "--help")
}

// helpWriter keeps the first error of cobra's writes, which cobra ignores.
type helpWriter struct {
	w   io.Writer
	err error
}

// Write implements io.Writer.
func (h *helpWriter) Write(b []byte) (int, error) {
	n, err := h.w.Write(b)
	h.err = cmp.Or(h.err, err)
	return n, err
}

// helpCommand makes "help" report an unknown command on the error stream, with
// upstream's exit code 0.
func helpCommand(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	all := root.Commands()
	i := slices.IndexFunc(all, func(c *cobra.Command) bool { return c.Name() == "help" })
	if i < 0 || all[i].RunE != nil { // it may define its own
		return
	}
	help, usual := all[i], all[i].Run
	help.Run = func(cmd *cobra.Command, args []string) {
		if found, rest, err := root.Find(args); err == nil && found == root && len(rest) > 0 {
			fmt.Fprintln(cmd.ErrOrStderr(), "Error:", UnknownCommand(root, rest))
			return
		}
		usual(cmd, args)
	}
}

// UnknownCommand is the Args of a root command: any word in the place of a
// command is unknown, and similar commands are suggested. Words after "--" are
// not commands, and an empty word is treated as no command: upstream then shows
// its help, with exit code 0.
func UnknownCommand(root *cobra.Command, args []string) error {
	args = slices.DeleteFunc(slices.Clone(args), func(word string) bool { return word == "" })
	if len(args) == 0 || root.ArgsLenAtDash() == 0 {
		return nil
	}
	hint := fmt.Sprintf("Run '%s --help' for usage.", root.CommandPath())
	if near := suggestions(root, args[0]); len(near) > 0 {
		hint = fmt.Sprintf("Did you mean %s?\n%s", strings.Join(near, " or "), hint)
	}
	return fmt.Errorf("unknown command %q for %q\n%s", args[0], root.CommandPath(), hint)
}

// suggestions returns the commands that a word may have been meant for: those
// that have this name elsewhere, those that it is a prefix of, or otherwise similar
// ones.
func suggestions(root *cobra.Command, word string) []string {
	known := func(line string) bool {
		found, _, err := root.Find(strings.Fields(line))
		return err == nil && found != root && !found.HasSubCommands()
	}
	if lines := otherNames()[word]; len(lines) > 0 && known(lines[0]) {
		return lines
	}
	near := root.SuggestionsFor(word)
	begun := slices.DeleteFunc(slices.Clone(near), func(name string) bool { return !strings.HasPrefix(name, word) })
	if len(begun) > 0 {
		return begun
	}
	return near
}

// groups makes every command that only has subcommands show its help, as
// upstream does with exit code 0 for any arguments; an unknown subcommand is
// also reported on the error stream.
func groups(parent *cobra.Command) {
	for _, c := range parent.Commands() {
		if c.HasSubCommands() && !c.Runnable() {
			c.RunE = showHelp
		}
		groups(c)
	}
}

func showHelp(cmd *cobra.Command, args []string) error {
	if cmd.ArgsLenAtDash() == 0 && len(args) > 0 {
		fmt.Fprintln(cmd.ErrOrStderr(), "Error: a command can't stand behind --")
	} else if len(args) > 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "Error: unknown command %q for %q\n", args[0], cmd.CommandPath())
	}
	return cmd.Help()
}
