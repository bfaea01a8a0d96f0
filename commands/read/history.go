package read

import (
	"errors"
	"fmt"
	"iter"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/mvccpb"

	"etcdkit/commands/cli"
	"etcdkit/keyspace"
	"etcdkit/keyspace/diff"
	"etcdkit/keyspace/history"
	"etcdkit/printer/view"
)

// NewHistory returns the command that lists the versions of keys.
func NewHistory(p Program) *cobra.Command {
	var (
		q             history.Query
		prefix, patch bool
		decode        DecodeFlags
	)
	cmd := &cobra.Command{
		Use:   "history [options] <key>",
		Short: "List the versions of a key, newest first",
		Long: `List every version of a key that is kept, newest first: its revision, whether it
is a put or a deletion, the version of the key, the size of the value and the
lease. With --prefix, list those of all keys that begin with <key>, by revision.

Compaction discards versions: of those before the compact revision, only the last
one of each key that existed then is left. A note on standard error says so.`,
		Example: p.example(`  etcdctl history /app/mode
  etcdctl history /app/mode -p --limit 3
  etcdctl history /app/ --prefix -w jsonl`),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) != 1:
				return cli.Exit(cli.BadArgs, errors.New("history requires one key; --prefix makes it a prefix"))
			case q.Limit < 0:
				return cli.Exit(cli.BadArgs, fmt.Errorf("--limit %d: use a number of versions, or 0 for all", q.Limit))
			}
			out, err := p.Printer(p.Streams.Out)
			if err != nil {
				return err
			}
			decoder, err := decode.Decoder(p.Streams, out.Format())
			if err != nil {
				return err
			}
			q.Key, q.Previous = args[0], patch
			if prefix {
				r := keyspace.Prefix(args[0])
				q.Key, q.End = r.Key, r.End
			}
			s, err := p.Open(cmd)
			if err != nil {
				return err
			}
			defer s.Close() //nolint:errcheck // everything has been read
			list, err := history.Of(cmd.Context(), s.Source, q)
			if err != nil {
				return err
			}
			defer list.Close() //nolint:errcheck // it is a temporary file
			err = s.Out.Print(view.History{Compacted: list.Compacted, Keys: prefix, Versions: versions(list, q, decoder), Decoder: decoder})
			if err == nil && list.Compacted > 0 {
				fmt.Fprintf(p.Streams.Err, "Note: the history before revision %d is compacted\n", list.Compacted)
			}
			return err
		},
	}
	fs := cmd.Flags()
	fs.BoolVar(&prefix, "prefix", false, "the versions of all keys that begin with <key>")
	fs.Int64Var(&q.Limit, "limit", 0, "list at most this many, the newest; 0 is all")
	fs.BoolVarP(&patch, "patch", "p", false, "show what each version changed: text and JSON by lines, bytes in hexadecimal")
	decode.AddFlags(cmd)
	return cmd
}

// versions returns the versions as views take them.
func versions(list *history.List, q history.Query, d view.Decoder) iter.Seq2[view.KeyVersion, error] {
	return func(yield func(view.KeyVersion, error) bool) {
		for e, err := range list.Versions {
			v := view.KeyVersion{Event: e}
			known := e.GetPrevKv() != nil || e.GetKv().GetVersion() == 1 // what was there before
			if err == nil && q.Previous && e.GetType() == mvccpb.PUT && known {
				v.Patch = diff.Values(decoded(d, e.GetPrevKv()), decoded(d, e.GetKv()))
			}
			if !yield(v, err) || err != nil {
				return
			}
		}
	}
}
