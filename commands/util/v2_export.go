package util

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"etcdkit/commands/cli"
	"etcdkit/snapshot/restore/v2tree"
)

type v2ExportOptions struct {
	dataDir string
	walDir  string
	output  string
}

func (o *v2ExportOptions) addFlags(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&o.dataDir, "data-dir", "", "the data `directory`, in place of the argument")
	fs.StringVar(&o.walDir, "wal-dir", "", "where the WAL is if not in the data `directory`")
	fs.StringVar(&o.output, "output", "", "write to this `file` instead of stdout; it is replaced when the new one is complete")
	mustMark(cmd.MarkFlagDirname("data-dir"), cmd.MarkFlagDirname("wal-dir"))
}

func newV2Export(a *app) *cobra.Command {
	o := &v2ExportOptions{}
	cmd := &cobra.Command{
		Use:   "export <data-dir>",
		Short: "Write the v2 tree of a stopped server as JSON lines",
		Long: `Write every key and directory of the v2 tree, from the last raft snapshot of a
data directory of release 3.5 and the WAL after it, each as one line of JSON:

  {"key":"/dir","dir":true,"createdIndex":5,"modifiedIndex":5}
  {"key":"/dir/k","value":"v","expiration":"2026-01-02T15:04:05Z","ttl":60,"createdIndex":7,"modifiedIndex":9}
  {"key":"/dir/_k","value":"v","hidden":true,"createdIndex":8,"modifiedIndex":8}

A directory comes before its contents, which are sorted by name.
"ttl" is in seconds from now, and not above 0 for a key that has expired since
the server was stopped. "hidden" marks keys that the v2 interface does not list.
Users and roles of v2 are omitted. --write-out does not matter.

No server may be running on the directory; it is only read.`,
		Example: `  etcdutl v2 export /var/lib/etcd
  etcdutl v2 export /var/lib/etcd --output v2.jsonl
  etcdutl v2 export /var/lib/etcd | jq -r 'select(.dir|not) | .key'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 && o.dataDir != "" {
				args = []string{o.dataDir}
			} else if o.dataDir != "" {
				return cli.Exit(cli.BadArgs, errors.New("--data-dir names the data directory: leave the argument out"))
			}
			if len(args) != 1 {
				return cli.Exit(cli.BadArgs, errors.New("v2 export requires exactly one argument, the data directory"))
			}
			return o.export(cmd.Context(), a, args[0])
		},
	}
	o.addFlags(cmd)
	return cmd
}

func (o *v2ExportOptions) export(ctx context.Context, a *app, dir string) error {
	t, err := v2tree.Load(ctx, v2tree.Source{DataDir: dir, WALDir: o.walDir, Wait: a.lockTimeout})
	if err != nil {
		return err
	}
	var n v2tree.Count
	if o.output != "" {
		n, err = t.Save(ctx, o.output, a.streams.Time())
	} else {
		n, err = t.Write(ctx, a.streams.Out, a.streams.Time())
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(cli.Visible(a.streams.Err), "Exported %s: %d keys and %d directories at index %d, %d of them hidden\n", dir, n.Keys, n.Dirs, t.Index, n.Hidden)
	if t.NoDatabase {
		fmt.Fprintf(cli.Visible(a.streams.Err), "Warning: %s has no database, which knows best what was agreed on last: the WAL alone was read\n", dir)
	}
	a.warnTorn(t.Torn)
	if t.Uncommitted > 0 {
		fmt.Fprintf(cli.Visible(a.streams.Err), "Warning: %d entries at the end of the WAL are not known to be committed, and are left out\n", t.Uncommitted)
	}
	return nil
}
