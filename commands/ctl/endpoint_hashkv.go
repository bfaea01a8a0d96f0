package ctl

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/commands/conn"
	"etcdkit/printer/view"
)

type endpointHashKVOptions struct {
	*endpointOptions
	rev int64
}

func (o *endpointHashKVOptions) addFlags(fs *pflag.FlagSet) {
	fs.Int64Var(&o.rev, "rev", 0, "hash the keys up to this revision; 0 is the latest that the endpoint has")
}

func (o *endpointHashKVOptions) ask(ctx context.Context, c *conn.Client, endpoint string) (*etcdserverpb.HashKVResponse, error) {
	resp, err := maintenance(c).HashKV(ctx, endpoint, o.rev)
	return (*etcdserverpb.HashKVResponse)(resp), err
}

func newEndpointHashKV(a *app, common *endpointOptions) *cobra.Command {
	o := &endpointHashKVOptions{endpointOptions: common}
	cmd := &cobra.Command{
		Use:   "hashkv",
		Short: "Show a hash of all that each endpoint has stored",
		Long: `Show a hash over the history of all keys that each endpoint has stored, with the
revision up to which it goes. Members that are not of the same mind show
different hashes; compare them at one --rev, and after the same compaction.`,
		Example: `  etcdctl endpoint hashkv --cluster --rev 1042
  etcdctl endpoint hashkv --cluster -w json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, answers, err := askEndpoints(cmd, a, o.endpointOptions, o.ask)
			if err != nil {
				return err
			}
			if err := undialed(answers); err != nil {
				return err
			}
			failed := report(a, p, "hash", answers)
			var v view.EndpointHashKV
			for _, got := range answers {
				if got.err == nil {
					v = append(v, view.HashKV{Endpoint: got.endpoint, HashKVResponse: got.value})
				}
			}
			if err := p.Print(v); err != nil {
				return err
			}
			return failed
		},
	}
	o.addFlags(cmd.Flags())
	return curlShows(a, cmd, etcdserverpb.Maintenance_HashKV_FullMethodName)
}
