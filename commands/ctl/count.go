package ctl

import (
	"context"
	"errors"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/commands/cli"
	"etcdkit/printer"
	"etcdkit/printer/view"
)

// prefixArg returns the prefix that the arguments of a command name: all keys
// where there is none.
func prefixArg(cmd *cobra.Command, args []string) (string, error) {
	if len(args) > 1 {
		return "", cli.Exit(cli.BadArgs, errors.New(cmd.Name()+" takes one prefix at most"))
	}
	if len(args) == 0 {
		return "", nil
	}
	return args[0], nil
}

// prefixRange returns the range of the keys with a prefix, as the API spells it.
func prefixRange(prefix string) (key, end string) {
	if prefix == "" {
		return "\x00", "\x00"
	}
	return prefix, clientv3.GetPrefixRangeEnd(prefix)
}

func newCount(a *app) *cobra.Command {
	rev := int64(0)
	cmd := &cobra.Command{
		Use:   "count [options] [prefix]",
		Short: "Count the keys with a prefix",
		Long:  "Print how many keys there are, or how many that begin with a prefix.",
		Example: `  etcdctl count
  etcdctl count /registry/pods/
  etcdctl count /registry/pods/ --rev 42`,
		RunE: func(cmd *cobra.Command, args []string) error {
			prefix, err := prefixArg(cmd, args)
			if err != nil {
				return err
			}
			key, end := prefixRange(prefix)
			return a.request(cmd, func(ctx context.Context, s *session) (printer.View, error) {
				resp, err := s.client.Get(ctx, key, clientv3.WithRange(end), clientv3.WithCountOnly(), clientv3.WithRev(rev))
				return view.Count{Range: view.Range{Pages: view.OnePage((*etcdserverpb.RangeResponse)(resp))}}, err
			})
		},
	}
	cmd.Flags().Int64Var(&rev, "rev", 0, "the keys as they were at this revision")
	return curlShows(a, cmd, etcdserverpb.KV_Range_FullMethodName)
}
