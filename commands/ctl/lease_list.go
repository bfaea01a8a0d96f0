package ctl

import (
	"context"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/commands/cli"
	"etcdkit/printer"
	"etcdkit/printer/view"
)

func newLeaseList(a *app) *cobra.Command {
	return curlShows(a, &cobra.Command{
		Use:     "list",
		Short:   "List the leases that are alive",
		Example: `  etcdctl lease list`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.request(cmd, func(ctx context.Context, s *session) (printer.View, error) {
				r, err := s.client.Leases(ctx)
				if err != nil {
					return nil, cli.Exit(cli.BadConnection, err)
				}
				all := &etcdserverpb.LeaseLeasesResponse{Header: r.ResponseHeader}
				for _, l := range r.Leases {
					all.Leases = append(all.Leases, &etcdserverpb.LeaseStatus{ID: int64(l.ID)})
				}
				return view.Leases{LeaseLeasesResponse: all}, nil
			})
		},
	}, etcdserverpb.Lease_LeaseLeases_FullMethodName)
}
