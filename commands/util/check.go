package util

import "github.com/spf13/cobra"

func newCheck(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check <subcommand>",
		Short: "Check properties of files and data directories",
	}
	cmd.AddCommand(newCheckV2Store(a), newCheckConsistency(a), newCheckUpgrade(a))
	return cmd
}
