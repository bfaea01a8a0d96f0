package util

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"etcdkit/printer/view"
	"etcdkit/snapshot"
)

type hashKVOptions struct {
	fileOptions
	rev int64
}

func (o *hashKVOptions) addFlags(cmd *cobra.Command) {
	o.fileOptions.addFlags(cmd)
	cmd.Flags().Int64Var(&o.rev, "rev", 0, "the last `revision` to hash; 0 is the latest one")
}

func (o *hashKVOptions) hash(ctx context.Context, a *app) (_ snapshot.HashKV, err error) {
	f, err := o.open(ctx, a)
	if err != nil {
		return snapshot.HashKV{}, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return f.HashKV(ctx, o.rev)
}

func newHashKV(a *app) *cobra.Command {
	o := &hashKVOptions{}
	cmd := &cobra.Command{
		Use:   "hashkv <filename>",
		Short: "Show the hash of the keys' history in a file",
		Long: `Show the hash that a server on this file would give for "etcdctl endpoint
hashkv": of all changes up to a revision that the last compaction left. With it
go the revision and that of the compaction; two hashes can be compared where
both of these are the same. The file is only read.`,
		Example: `  etcdutl hashkv backup.db
  etcdutl hashkv backup.db --rev 1000
  etcdutl hashkv --data-dir /var/lib/etcd -w json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.resolve(args, fmt.Errorf("accepts 1 arg(s), received %d", len(args))); err != nil {
				return err
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
