package ctl

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// addRestoreFlags adds the flags that snapshot restore had in release 3.5. They
// are only passed on to etcdutl, which has the same ones.
func addRestoreFlags(fs *pflag.FlagSet) {
	fs.String("data-dir", "", "the data `directory` to make")
	fs.String("wal-dir", "", "where to put the WAL if not in the data `directory`")
	fs.String("name", "default", "name of the member")
	fs.String("initial-cluster", "default=http://localhost:2380", "all `members` of the new cluster, as NAME=URL,NAME=URL")
	fs.String("initial-cluster-token", "etcd-cluster", "the new cluster's `token`")
	fs.String("initial-advertise-peer-urls", "http://localhost:2380", "this member's peer `URLs`")
	fs.Bool("skip-hash-check", false, "accept a file without checksum")
	fs.Uint64("bump-revision", 0, "add this to the latest revision; requires --mark-compacted")
	fs.Bool("mark-compacted", false, "mark revisions up to the bumped one as compacted so that watchers resync; requires --bump-revision")
	fs.Uint64("initial-memory-map-size", 0, "address space to reserve for the database, in `bytes`; 0 is the default")
}

func newSnapshotRestore(a *app) *cobra.Command {
	var flags []string
	cmd := &cobra.Command{
		Use:   "restore <filename> [options]",
		Short: "Make a data directory from a snapshot (deprecated: etcdutl snapshot restore)",
		Long: `Make a data directory from a snapshot, as releases up to 3.5 did. It is handed
over to the etcdutl beside etcdctl, or else to the one on the PATH; see "etcdutl
snapshot restore".`,
		Example: "  etcdctl snapshot restore backup.db --data-dir /var/lib/etcd",
		RunE:    func(cmd *cobra.Command, args []string) error { return a.streams.HandOver(cmd, args, flags...) },
	}
	addRestoreFlags(cmd.Flags())
	cmd.Flags().VisitAll(func(f *pflag.Flag) { flags = append(flags, f.Name) })
	return cmd
}
