package ctl

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"etcdkit/commands/cli"
	"etcdkit/printer/view"
	"etcdkit/snapshot"
)

// fileStatus reads the snapshot at path.
func fileStatus(ctx context.Context, path string) (st snapshot.Status, err error) {
	f, err := snapshot.Open(path)
	if err != nil {
		return st, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return f.Status(ctx)
}

func newSnapshotStatus(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "status <filename>",
		Short: "Show the status of a snapshot (deprecated: etcdutl snapshot status)",
		Long: `Verify a snapshot and show its status, in the format of releases up to 3.5,
which had this command: hash, revision, number of records and size. See "etcdutl
snapshot status".`,
		Example: "  etcdctl snapshot status backup.db -w table",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return cli.Exit(cli.BadArgs, errors.New("snapshot status requires exactly one argument"))
			}
			if _, err := os.Stat(args[0]); err != nil { // before the format, as upstream
				return err
			}
			p, err := a.output.As("3.5").Printer(a.streams.Out)
			if err != nil {
				return err
			}
			fmt.Fprintf(a.streams.Err, "Deprecated: use \"%s snapshot status\" instead.\n\n", cli.Utility)
			st, err := fileStatus(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if !st.HasChecksum {
				fmt.Fprintf(a.streams.Err, "Warning: %s ends without a checksum, so it is not known to be as it was saved\n", args[0])
			}
			return p.Print(view.SnapshotStatus{
				Hash: st.Hash, Revision: st.Revision, TotalSize: st.TotalSize, Version: st.Version,
				TotalKey: st.TotalKey, TotalRecords: st.TotalRecords,
			})
		},
	}
}
