package util

import "github.com/spf13/cobra"

func newSnapshot(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "snapshot <subcommand>",
		Short: "Inspect, verify and restore snapshots",
	}
	cmd.AddCommand(newSnapshotStatus(a), newSnapshotRestore(a), newSnapshotVerify(a))
	return cmd
}
