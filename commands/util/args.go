package util

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"etcdkit/commands/cli"
)

// flagsAsArgs is for a command that has no arguments but requires flags: if
// arguments are given in their place, the error shows the command line that was
// probably meant. Beyond that upstream ignores arguments.
func flagsAsArgs(flags ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		var missing []string
		for _, name := range flags {
			if !cmd.Flags().Changed(name) {
				missing = append(missing, name)
			}
		}
		if len(missing) == 0 || len(args) == 0 {
			return nil
		}
		line := []string{cmd.CommandPath()}
		for i, name := range missing {
			value := strings.ToUpper(name)
			if i < len(args) {
				value = cli.Quote(args[i])
			}
			line = append(line, "--"+name, value)
		}
		return fmt.Errorf("required flag(s) \"%s\" not set: did you mean %s?", strings.Join(missing, `", "`), strings.Join(line, " "))
	}
}
