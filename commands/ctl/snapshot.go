package ctl

import "github.com/spf13/cobra"

func newSnapshot(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "snapshot <subcommand>",
		Short: "Save what a member has stored",
		Long: `Save what a member has stored. To look at a snapshot, and to start a cluster
from one, see "etcdutl snapshot"; both are here as well, as in releases up to 3.5.`,
	}
	cmd.AddCommand(newSnapshotSave(a), newSnapshotStatus(a), newSnapshotRestore(a))
	return cmd
}
