package ctlv2

import "github.com/spf13/cobra"

func newBackup(a *app) *cobra.Command {
	const withV3 = "with-v3"
	cmd := &cobra.Command{
		Use:   "backup [options]",
		Short: "Copy a data directory of a stopped member (deprecated: etcdutl backup)",
		Long: `Copy a data directory of a stopped member, with a new identity. The command is run
by the etcdutl next to etcdctl, or else by the one on the PATH; see "etcdutl
backup". For a running member, use "etcdctl snapshot save" of the v3 API.`,
		Example: "  etcdctl backup --data-dir /var/lib/etcd --backup-dir /backup",
		RunE: func(cmd *cobra.Command, args []string) error {
			// etcdutl takes v3's data along unless it is told not to; this
			// command has always left it out unless told to.
			if f := cmd.Flags().Lookup(withV3); !f.Changed {
				f.Changed = true
			}
			return a.streams.HandOver(cmd, args, "data-dir", "wal-dir", "backup-dir", "backup-wal-dir", withV3)
		},
	}
	fs := cmd.Flags()
	fs.String("data-dir", "", "the data `directory` to copy")
	fs.String("wal-dir", "", "where its WAL is if not in the data `directory`")
	fs.String("backup-dir", "", "the `directory` to make")
	fs.String("backup-wal-dir", "", "where to put its WAL if not in the new `directory`")
	fs.Bool(withV3, false, "also the data of the v3 API")
	return cmd
}
