package cli

import "github.com/spf13/cobra"

// brief is the annotation of a brief command.
const brief = "brief"

// Brief marks a command that ends by itself at once, asks for nothing and has
// nothing to clean up. A signal ends the process in the midst of it, as it ends
// any program; the threads that watching for signals takes are a seventh of the
// time of such a command. It returns cmd.
func Brief(cmd *cobra.Command) *cobra.Command {
	if cmd.Annotations == nil {
		cmd.Annotations = make(map[string]string)
	}
	cmd.Annotations[brief] = "true"
	return cmd
}

// isBrief tells whether the command that the arguments name is a brief one.
func isBrief(root *cobra.Command, args []string) bool {
	cmd, _, err := root.Find(args)
	return err == nil && cmd.Annotations[brief] != ""
}
