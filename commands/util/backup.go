package util

import (
	"fmt"

	"github.com/spf13/cobra"

	"etcdkit/commands/cli"
	"etcdkit/snapshot/restore"
)

type backupOptions struct {
	restore.BackupConfig
}

func (o *backupOptions) addFlags(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&o.DataDir, "data-dir", "", "the data `directory` to back up, which no server may be using; required")
	fs.StringVar(&o.WALDir, "wal-dir", "", "where its WAL is if not in the data `directory`")
	fs.StringVar(&o.BackupDir, "backup-dir", "", "the `directory` to make; required")
	fs.StringVar(&o.BackupWALDir, "backup-wal-dir", "", "where to put its WAL if not in the backup `directory`")
	fs.BoolVar(&o.WithV3, "with-v3", true, "back up the keys of v3 too")
	mustMark(cmd.MarkFlagRequired("data-dir"), cmd.MarkFlagRequired("backup-dir"))
	for _, name := range []string{"data-dir", "wal-dir", "backup-dir", "backup-wal-dir"} {
		mustMark(cmd.MarkFlagDirname(name))
	}
}

func newBackup(a *app) *cobra.Command {
	o := &backupOptions{}
	cmd := &cobra.Command{
		Use:   "backup",
		Short: "Back up a stopped server's data directory, with keys of v2",
		Long: `Make a data directory that holds what that of a stopped server of release 3.5
does, keys of v2 and of v3, but not its cluster. A server of that release starts
on it with --force-new-cluster.

This is for keys of v2, which a snapshot does not contain; if there are none, use
"etcdctl snapshot save", which needs no stopped server. With --with-v3=false the
database is not opened, and the server may be running. The directory is only
read, and the backup appears when it is complete.`,
		Example: `  etcdutl backup --data-dir /var/lib/etcd --backup-dir /backups/etcd
  etcdutl backup --data-dir /var/lib/etcd --backup-dir b --with-v3=false`,
		Args: flagsAsArgs("data-dir", "backup-dir"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg := o.BackupConfig
			cfg.Wait = a.lockTimeout
			r, err := restore.Backup(cmd.Context(), cfg)
			if err != nil {
				return err
			}
			a.backedUp(cfg, r)
			return nil
		},
	}
	o.addFlags(cmd)
	return cmd
}

// backedUp describes the backup on the error stream, and how to start a server
// on it; upstream logs there, and stdout stays empty.
func (a *app) backedUp(cfg restore.BackupConfig, r restore.BackupResult) {
	fmt.Fprintf(cli.Visible(a.streams.Err), "Backed up %s to %s: up to entry %d, %d of them in the WAL\n", cfg.DataDir, cfg.BackupDir, r.Index, r.Entries)
	a.warnTorn(r.Torn)
	wal := ""
	if cfg.BackupWALDir != "" {
		wal = " --wal-dir " + cli.Quote(cfg.BackupWALDir)
	}
	fmt.Fprintf(cli.Visible(a.streams.Err), "Start it with: etcd --data-dir %s%s --force-new-cluster\n", cli.Quote(cfg.BackupDir), wal)
}
