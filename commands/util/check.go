package util

import "github.com/spf13/cobra"

func newCheck(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check <subcommand>",
		Short: "Check properties of a data directory",
	}
	cmd.AddCommand(newCheckV2Store(a))
	return cmd
}
