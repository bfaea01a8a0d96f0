package ctl

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/cluster"
	"etcdkit/printer/view"
)

type endpointHashKVOptions struct {
	*endpointOptions
	rev int64
}

func (o *endpointHashKVOptions) addFlags(fs *pflag.FlagSet) {
	fs.Int64Var(&o.rev, "rev", 0, "hash the keys up to this revision; 0 means the latest of the endpoint")
}

func newEndpointHashKV(a *app, common *endpointOptions) *cobra.Command {
	o := &endpointHashKVOptions{endpointOptions: common}
	cmd := &cobra.Command{
		Use:   "hashkv",
		Short: "Show a hash of the history stored by each endpoint",
		Long: `Show a hash of the history of all keys that each endpoint has stored, and the
revision that it covers. Members whose data has diverged show different hashes;
compare them at one --rev and after the same compaction.`,
		Example: `  etcdctl endpoint hashkv --cluster --rev 1042
  etcdctl endpoint hashkv --cluster -w json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, answers, err := askEndpoints(cmd, a, o.endpointOptions, cluster.HashKV(o.rev))
			if err != nil {
				return err
			}
			if err := cluster.Undialed(answers); err != nil {
				return err
			}
			failed := report(a, p, "hash", answers)
			var v view.EndpointHashKV
			for _, got := range answers {
				if got.Err == nil {
					v = append(v, view.HashKV{Endpoint: got.Endpoint, HashKVResponse: got.Value})
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
