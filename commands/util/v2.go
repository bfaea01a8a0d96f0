package util

import "github.com/spf13/cobra"

func newV2(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "v2 <subcommand>",
		Short: "Read the v2 data of a data directory",
	}
	cmd.AddCommand(newV2Export(a))
	return cmd
}
