package cli

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// FinishHelp gives a complete command tree the help behaviour that both
// programs share: a word that is no command is pointed out, and footer ends
// every help text.
func FinishHelp(root *cobra.Command, footer string) {
	usual := root.HelpFunc()
	root.SetHelpFunc(func(cmd *cobra.Command, args []string) {
		usual(cmd, args)
		if footer != "" {
			fmt.Fprintln(cmd.OutOrStdout(), footer)
		}
	})
	root.InitDefaultHelpFlag() // known before the command is looked for, so that "-h get" finds it
	if !root.Runnable() {
		root.RunE = showHelp
	}
	groups(root)
	helpCommand(root)
}

// checkHelp has a command line that asks for help beside a word that is no
// command end with that error and without help. It returns where that error
// will be: cobra, which checks no arguments where it shows help, gives it no way.
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

// HelpFirst tells whether arguments begin with asking for help.
func HelpFirst(args []string) bool {
	return len(args) > 0 && (args[0] == "-h" || args[0] == "--help")
}

// helpWriter remembers the first error of what cobra prints without looking.
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

// helpCommand has "help" point out what is no command, on the error stream and
// with upstream's exit code 0.
func helpCommand(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	all := root.Commands()
	i := slices.IndexFunc(all, func(c *cobra.Command) bool { return c.Name() == "help" })
	if i < 0 || all[i].RunE != nil { // it may have a way of its own
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

// UnknownCommand is the Args of a root command: whatever stands where a
// command should be is none, and what may have been meant is named. Nothing is
// a command behind "--", and an empty word asks for none: there upstream shows
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

// suggestions returns what may have been meant by a word: the names that it
// begins, or else those that are like it.
func suggestions(root *cobra.Command, word string) []string {
	near := root.SuggestionsFor(word)
	begun := slices.DeleteFunc(slices.Clone(near), func(name string) bool { return !strings.HasPrefix(name, word) })
	if len(begun) > 0 {
		return begun
	}
	return near
}

// groups makes every command that only holds others show its help, as upstream
// does with exit code 0 whatever follows it; here a word that is no subcommand
// gets a line on the error stream as well.
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
