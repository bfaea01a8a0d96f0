package ctl

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/commands/cli"
	"etcdkit/printer"
	"etcdkit/printer/view"
)

type leaseKeepAliveOptions struct {
	once bool
}

func (o *leaseKeepAliveOptions) addFlags(fs *pflag.FlagSet) {
	fs.BoolVar(&o.once, "once", false, "renew the lease once and return")
}

func newLeaseKeepAlive(a *app) *cobra.Command {
	o := &leaseKeepAliveOptions{}
	cmd := &cobra.Command{
		Use:   "keep-alive [options] <leaseID>",
		Short: "Renew a lease again and again",
		Long: `Renew a lease whenever a third of its time has passed, until it is revoked or
the command is interrupted.`,
		Example: `  etcdctl lease keep-alive 694d5765fc71500b
  etcdctl lease keep-alive 694d5765fc71500b --once`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return cli.Exit(cli.BadArgs, errors.New("lease keep-alive command needs lease ID as argument"))
			}
			id, err := leaseArg(args[0])
			if err != nil {
				return err
			}
			if !o.once {
				return keepAlive(a, cmd, id)
			}
			return a.request(cmd, func(ctx context.Context, s *session) (printer.View, error) {
				r, err := s.client.KeepAliveOnce(ctx, id)
				if err != nil {
					return nil, cli.Exit(cli.BadConnection, err)
				}
				return keepAliveView(r), nil
			})
		},
	}
	o.addFlags(cmd.Flags())
	return curlShowsUnless(a, cmd, withoutFlag("once", "it makes a request again and again; --once makes one"), etcdserverpb.Lease_LeaseKeepAlive_FullMethodName)
}

// keepAlive renews a lease until it is gone, which is no error.
func keepAlive(a *app, cmd *cobra.Command, id clientv3.LeaseID) error {
	s, err := a.open(cmd)
	if err != nil {
		return err
	}
	defer s.client.Close() //nolint:errcheck // the lease has ended before
	ctx := cmd.Context()
	defer s.reportOutages(ctx, a, a.streams.Err, new(sync.Mutex))()
	for {
		answers, err := s.client.KeepAlive(ctx, id)
		if err != nil {
			return cli.Exit(cli.BadConnection, s.client.Explain(err))
		}
		for r := range answers {
			if err := s.out.Print(keepAliveView(r)); err != nil {
				return err
			}
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		gone, err := leaseGone(ctx, a, s, id)
		if err != nil {
			return cli.Exit(cli.BadConnection, s.client.Explain(fmt.Errorf("lease %016x is not kept alive: %w", id, err)))
		}
		if gone {
			break
		}
	}
	if s.out.Format() != "simple" {
		return nil
	}
	_, err = fmt.Fprintf(a.streams.Out, "lease %016x expired or revoked.\n", id)
	return err
}

// leaseGone reports whether the lease does not exist. The client ends its
// answers in the same way when the server says so and when the server can't be
// reached for as long as the lease lives.
func leaseGone(ctx context.Context, a *app, s *session, id clientv3.LeaseID) (bool, error) {
	ctx, cancel := a.limit(ctx)
	defer cancel()
	r, err := s.client.KeepAliveOnce(ctx, id)
	switch {
	case errors.Is(err, rpctypes.ErrLeaseNotFound):
		return true, nil
	case err != nil:
		return false, err
	}
	return false, s.out.Print(keepAliveView(r))
}

func keepAliveView(r *clientv3.LeaseKeepAliveResponse) view.LeaseKeepAlive {
	return view.LeaseKeepAlive{LeaseKeepAliveResponse: &etcdserverpb.LeaseKeepAliveResponse{
		Header: r.ResponseHeader, ID: int64(r.ID), TTL: r.TTL,
	}}
}
