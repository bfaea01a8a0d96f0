package util

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

// status reads the file at path.
func status(ctx context.Context, path string) (st snapshot.Status, err error) {
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
		Short: "Verify a snapshot and show what it holds",
		Long: `Verify the checksum and every page of a snapshot and show its hash, revision,
number of live keys, size and the version of the storage. The simple format has
them in one line, in that order. The file is only read.`,
		Example: `  etcdutl snapshot status backup.db
  etcdutl snapshot status backup.db -w table`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return cli.Exit(cli.BadArgs, errors.New("snapshot status requires exactly one argument"))
			}
			if _, err := os.Stat(args[0]); err != nil { // before the format, as upstream
				return err
			}
			p, err := a.output.Printer(a.Out)
			if err != nil {
				return err
			}
			st, err := status(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if !st.HasChecksum {
				fmt.Fprintf(a.Err, "Warning: %s ends without a checksum, so it is not known to be as it was saved\n", args[0])
			}
			return p.Print(view.SnapshotStatus{
				Hash: st.Hash, Revision: st.Revision, TotalSize: st.TotalSize, Version: st.Version,
				TotalKey: st.TotalKey, TotalRecords: st.TotalRecords,
			})
		},
	}
}
