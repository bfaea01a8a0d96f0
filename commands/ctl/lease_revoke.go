package ctl

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/commands/cli"
	"etcdkit/printer"
	"etcdkit/printer/view"
)

func newLeaseRevoke(a *app) *cobra.Command {
	return curlShows(a, &cobra.Command{
		Use:     "revoke <leaseID>",
		Short:   "End a lease and delete its keys",
		Example: `  etcdctl lease revoke 694d5765fc71500b`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return cli.Exit(cli.BadArgs, errors.New("lease revoke command needs 1 argument"))
			}
			id, err := leaseArg(args[0])
			if err != nil {
				return err
			}
			return a.request(cmd, func(ctx context.Context, s *session) (printer.View, error) {
				r, err := s.client.Revoke(ctx, id)
				if err != nil {
					return nil, fmt.Errorf("failed to revoke lease (%w)", err)
				}
				return view.LeaseRevoke{ID: int64(id), LeaseRevokeResponse: (*etcdserverpb.LeaseRevokeResponse)(r)}, nil
			})
		},
	}, etcdserverpb.Lease_LeaseRevoke_FullMethodName)
}
