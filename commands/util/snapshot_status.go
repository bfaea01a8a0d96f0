package util

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"etcdkit/commands/cli"
	"etcdkit/printer/view"
	"etcdkit/snapshot"
)

// statusOf reads the file.
func statusOf(ctx context.Context, a *app, o *fileOptions) (st snapshot.Status, err error) {
	f, err := o.open(ctx, a)
	if err != nil {
		return st, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return f.Status(ctx)
}

func newSnapshotStatus(a *app) *cobra.Command {
	o := &fileOptions{}
	cmd := &cobra.Command{
		Use:   "status <filename>",
		Short: "Verify a snapshot and show its contents",
		Long: `Verify the checksum and every page of a snapshot and show its hash, revision,
number of live keys, size and the version of the storage. The simple format has
them in one line, in that order. The file is only read.`,
		Example: `  etcdutl snapshot status backup.db
  etcdutl snapshot status backup.db -w table
  etcdutl snapshot status --data-dir /var/lib/etcd`,
		RunE: func(cmd *cobra.Command, args []string) error {
			wrong := cli.Exit(cli.BadArgs, errors.New("snapshot status requires exactly one argument"))
			if err := o.resolve(args, wrong); err != nil {
				return err
			}
			if err := o.exists(); err != nil { // before the format, as upstream
				return err
			}
			p, err := a.output.Printer(a.streams.Out)
			if err != nil {
				return err
			}
			st, err := statusOf(cmd.Context(), a, o)
			if err != nil {
				return err
			}
			if !st.HasChecksum && o.dataDir == "" {
				fmt.Fprintf(a.streams.Err, "Warning: %s ends without a checksum, so it is not known to be as it was saved\n", o.path)
			}
			return p.Print(view.SnapshotStatus{
				Hash: st.Hash, Revision: st.Revision, TotalSize: st.TotalSize, Version: st.Version,
				TotalKey: st.TotalKey, TotalRecords: st.TotalRecords,
			})
		},
	}
	o.addFlags(cmd)
	return cmd
}
