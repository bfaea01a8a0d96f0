package util

import "github.com/spf13/cobra"

func newWAL(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "wal <subcommand>",
		Short: "Read the write-ahead log of a data directory",
	}
	cmd.AddCommand(newWALDump(a))
	return cmd
}
