package ctl

import (
	"context"
	"errors"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/commands/cli"
	"etcdkit/printer"
	"etcdkit/printer/view"
)

type leaseTimeToLiveOptions struct {
	keys bool
}

func (o *leaseTimeToLiveOptions) addFlags(fs *pflag.FlagSet) {
	fs.BoolVar(&o.keys, "keys", false, "list the keys that are attached to the lease")
}

func newLeaseTimeToLive(a *app) *cobra.Command {
	o := &leaseTimeToLiveOptions{}
	cmd := &cobra.Command{
		Use:   "timetolive <leaseID> [options]",
		Short: "Print how long a lease has left",
		Long: `Print how many seconds a lease was granted and how many it has left. A lease
that does not exist counts as expired, which is no error.`,
		Example: `  etcdctl lease timetolive 694d5765fc71500b
  etcdctl lease timetolive 694d5765fc71500b --keys -w json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return cli.Exit(cli.BadArgs, errors.New("lease timetolive command needs lease ID as argument"))
			}
			if _, err := a.printer(); err != nil { // here upstream looks at the format before the id
				return err
			}
			id, err := leaseArg(args[0])
			if err != nil {
				return err
			}
			var opts []clientv3.LeaseOption
			if o.keys {
				opts = append(opts, clientv3.WithAttachedKeys())
			}
			return a.request(cmd, func(ctx context.Context, s *session) (printer.View, error) {
				r, err := s.client.TimeToLive(ctx, id, opts...)
				if err != nil {
					return nil, cli.Exit(cli.BadConnection, err)
				}
				return view.LeaseTimeToLive{WithKeys: o.keys, LeaseTimeToLiveResponse: &etcdserverpb.LeaseTimeToLiveResponse{
					Header: r.ResponseHeader, ID: int64(r.ID), TTL: r.TTL, GrantedTTL: r.GrantedTTL, Keys: r.Keys,
				}}, nil
			})
		},
	}
	o.addFlags(cmd.Flags())
	return curlShows(a, cmd, etcdserverpb.Lease_LeaseTimeToLive_FullMethodName)
}
