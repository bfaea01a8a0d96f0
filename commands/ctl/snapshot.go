package ctl

import "github.com/spf13/cobra"

func newSnapshot(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "snapshot <subcommand>",
		Short: "Save snapshots of a member",
		Long: `Save a snapshot of a member. To inspect a snapshot, or start a cluster from one,
see "etcdutl snapshot"; both are also available here, as in releases up to 3.5.`,
	}
	cmd.AddCommand(newSnapshotSave(a), newSnapshotStatus(a), newSnapshotRestore(a))
	return cmd
}
