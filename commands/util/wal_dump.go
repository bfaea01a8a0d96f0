package util

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"etcdkit/commands/cli"
	"etcdkit/printer/view"
	"etcdkit/snapshot/datadir"
)

type walDumpOptions struct {
	walDir string
}

func newWALDump(a *app) *cobra.Command {
	o := &walDumpOptions{}
	cmd := &cobra.Command{
		Use:   "dump <data-dir>",
		Short: "List the entries of a write-ahead log",
		Long: `List every entry of the write-ahead log of a data directory: its index, its
term, whether it is known to be committed, and its request. Keys are quoted; of
values only the size is shown, and of passwords nothing. An entry that raft has
replaced is left out.

An entry that is not known to be committed may have been acknowledged: a member
records later what the cluster has agreed on. In a cluster of one member all
entries are committed when it restarts.

No server may be running on the directory; it is only read.`,
		Example: `  etcdutl wal dump /var/lib/etcd
  etcdutl wal dump /var/lib/etcd --wal-dir /var/lib/etcd-wal
  etcdutl wal dump /var/lib/etcd -w jsonl | jq -r 'select(.op=="delete") | .request'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return cli.Exit(cli.BadArgs, errors.New("wal dump requires exactly one argument, the data directory"))
			}
			p, err := a.output.Printer(a.streams.Out)
			if err != nil {
				return err
			}
			var torn string
			err = p.Print(o.stream(cmd.Context(), a, args[0], &torn))
			a.warnTorn(torn)
			return err
		},
	}
	cmd.Flags().StringVar(&o.walDir, walDirFlag, "", "the `directory` of the WAL, if it is not in the data directory")
	mustMark(cmd.MarkFlagDirname(walDirFlag))
	return cmd
}

// errEnough ends a dump whose output has failed.
var errEnough = errors.New("the output has failed")

func (o *walDumpOptions) stream(ctx context.Context, a *app, dir string, torn *string) view.Stream {
	return view.Stream{Member: "entries", Names: walItem(datadir.WALEntry{}).Names(), All: func(yield func(view.Item, error) bool) {
		var err error
		*torn, err = datadir.Dump(ctx, dir, datadir.DumpOptions{WALDir: o.walDir, Wait: a.lockTimeout}, func(e datadir.WALEntry) error {
			if !yield(walItem(e), nil) {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(view.Item{}, err)
		}
	}}
}

func walItem(e datadir.WALEntry) view.Item {
	state := "committed"
	if !e.Committed {
		state = "uncommitted"
	}
	lease := ""
	if e.Lease != 0 {
		lease = fmt.Sprintf("%016x", uint64(e.Lease))
	}
	return view.Item{
		Line: fmt.Sprintf("%d term %d %s: %s", e.Index, e.Term, state, e.Text),
		Values: []view.Named{
			{Name: "index", V: int64(e.Index)}, {Name: "term", V: int64(e.Term)}, {Name: "committed", V: e.Committed}, {Name: "type", V: e.Type},
			{Name: "op", V: e.Op}, {Name: "key", V: e.Key}, {Name: "range_end", V: e.End}, {Name: "value_size", V: view.Bytes(e.Size)},
			{Name: "lease", V: lease}, {Name: "request", V: e.Text},
		},
	}
}
