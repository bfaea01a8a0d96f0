package ctlv2

import (
	"github.com/spf13/cobra"
)

// newHelp returns the command help of the root or of a family. Unlike cobra's
// it fails for an unknown command, and families have it too, both as in
// upstream.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:     "help [command]",
		Aliases: []string{"h"},
		Short:   "Help about any command",
		ValidArgsFunction: func(help *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			var names []string
			if about, rest := named(help.Parent(), args); len(rest) == 0 {
				for _, c := range about.Commands() {
					if c.IsAvailableCommand() {
						names = append(names, cobra.CompletionWithDesc(c.Name(), c.Short))
					}
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(help *cobra.Command, args []string) error {
			about, rest := named(help.Parent(), args)
			if len(rest) > 0 && about.HasSubCommands() {
				return unknownCommand(about, rest)
			}
			return about.Help()
		},
	}
}

// named returns the command that the words name from a command on, and those
// that are left.
func named(from *cobra.Command, words []string) (*cobra.Command, []string) {
	l := line{cmd: from}
	for i, w := range words {
		sub := l.subcommand(w)
		if sub == nil {
			return l.cmd, words[i:]
		}
		l.cmd = sub
	}
	return l.cmd, nil
}
