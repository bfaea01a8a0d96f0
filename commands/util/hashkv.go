package util

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"etcdkit/commands/cli"
	"etcdkit/printer/view"
	"etcdkit/snapshot"
	"etcdkit/snapshot/datadir"
)

type hashKVOptions struct {
	fileOptions
	tail tailOptions
	rev  int64
}

func (o *hashKVOptions) addFlags(cmd *cobra.Command) {
	o.fileOptions.addFlags(cmd)
	o.tail.addFlags(cmd.Flags())
	cmd.Flags().Int64Var(&o.rev, "rev", 0, "the last `revision` to hash; 0 is the latest one")
}

func (o *hashKVOptions) hash(ctx context.Context, a *app) (_ snapshot.HashKV, err error) {
	f, err := o.openTail(ctx, a)
	if err != nil {
		return snapshot.HashKV{}, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return f.HashKV(ctx, o.rev)
}

// openTail opens the file, or the data directory with what the entries of its
// WAL add to its database.
func (o *hashKVOptions) openTail(ctx context.Context, a *app) (*snapshot.File, error) {
	if o.dataDir == "" {
		return o.open(ctx, a)
	}
	if _, err := os.Stat(snapshot.DataDirWAL(o.dataDir)); errors.Is(err, fs.ErrNotExist) && o.tail.walDir == "" {
		f, err := o.open(ctx, a)
		if err == nil {
			fmt.Fprintf(a.streams.Err, "Note: %s has no WAL, so this is the hash of its database alone; name the WAL's directory with --%s if it is elsewhere\n", o.dataDir, walDirFlag)
		}
		return f, err
	}
	d, err := datadir.Open(ctx, o.dataDir, datadir.Options{WALDir: o.tail.walDir, Tail: o.tail.entries(), Wait: a.lockTimeout})
	if err != nil {
		return nil, err
	}
	o.tail.report(a, d.Info)
	return d.File, nil
}

func newHashKV(a *app) *cobra.Command {
	o := &hashKVOptions{}
	cmd := &cobra.Command{
		Use:   "hashkv <filename>",
		Short: "Show the hash of the keys' history in a file",
		Long: `Show the hash that a server on this file would give for "etcdctl endpoint
hashkv": of all changes up to a revision that the last compaction left. With it
go the revision and that of the compaction; two hashes can be compared where
both of these are the same. The file is only read.

Of a data directory, the entries of the WAL that are not in the database yet are
applied first, as its server does when it starts.`,
		Example: `  etcdutl hashkv backup.db
  etcdutl hashkv backup.db --rev 1000
  etcdutl hashkv --data-dir /var/lib/etcd -w json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.resolve(args, fmt.Errorf("accepts 1 arg(s), received %d", len(args))); err != nil {
				return err
			}
			if o.dataDir == "" && o.tail.given() {
				return cli.Exit(cli.BadArgs, fmt.Errorf("--%s and --%s require --data-dir", walDirFlag, uncommittedFlag))
			}
			p, err := a.output.Printer(a.streams.Out)
			if err != nil {
				return err
			}
			if err := o.exists(); err != nil {
				return err
			}
			h, err := o.hash(cmd.Context(), a)
			if err != nil {
				return err
			}
			return p.Print(view.FileHashKV{Hash: h.Hash, Revision: h.Revision, CompactRevision: h.CompactRevision})
		},
	}
	o.addFlags(cmd)
	return cmd
}
