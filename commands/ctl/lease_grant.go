package ctl

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/commands/cli"
	"etcdkit/printer"
	"etcdkit/printer/view"
)

// leaseTTL reads the only argument of lease grant: seconds.
func leaseTTL(args []string) (int64, error) {
	if len(args) != 1 {
		return 0, cli.Exit(cli.BadArgs, errors.New("lease grant command needs TTL argument"))
	}
	ttl, err := strconv.ParseInt(args[0], 10, 64)
	if err != nil {
		return 0, cli.Exit(cli.BadArgs, badTTL(args[0]))
	}
	return ttl, nil
}

// badTTL is the error of a TTL that is not a number of seconds.
func badTTL(arg string) error {
	if d, err := time.ParseDuration(arg); err == nil && d >= time.Second {
		return fmt.Errorf("bad TTL %q: use a number of seconds without a unit, here %d", arg, int64(d.Seconds()))
	}
	return fmt.Errorf("bad TTL %q: use a number of seconds, such as 60", arg)
}

func newLeaseGrant(a *app) *cobra.Command {
	return curlShows(a, &cobra.Command{
		Use:   "grant <ttl>",
		Short: "Create a lease",
		Long: `Create a lease that lives for <ttl> seconds and print its id. The server may
choose a longer time.`,
		Example: `  etcdctl lease grant 60`,
		RunE: func(cmd *cobra.Command, args []string) error {
			ttl, err := leaseTTL(args)
			if err != nil {
				return err
			}
			return a.request(cmd, func(ctx context.Context, s *session) (printer.View, error) {
				r, err := s.client.Grant(ctx, ttl)
				if err != nil {
					return nil, fmt.Errorf("failed to grant lease (%w)", err)
				}
				return view.LeaseGrant{LeaseGrantResponse: &etcdserverpb.LeaseGrantResponse{
					Header: r.ResponseHeader, ID: int64(r.ID), TTL: r.TTL, Error: r.Error,
				}}, nil
			})
		},
	}, etcdserverpb.Lease_LeaseGrant_FullMethodName)
}
