package ctl

import (
	"context"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/printer"
	"etcdkit/printer/view"
)

func newRoleDelete(a *app) *cobra.Command {
	return curlShows(a, &cobra.Command{
		Use:     "delete <role>",
		Short:   "Delete a role, also from the users who have it",
		Example: `  etcdctl role delete reader`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := wantArgs(args, 1, "role delete command requires role name as its argument"); err != nil {
				return err
			}
			return a.request(cmd, func(ctx context.Context, s *session) (printer.View, error) {
				resp, err := s.client.RoleDelete(ctx, args[0])
				return view.RoleDelete{Ack: view.Ack{Response: (*etcdserverpb.AuthRoleDeleteResponse)(resp)}, Role: args[0]}, err
			})
		},
	}, etcdserverpb.Auth_RoleDelete_FullMethodName)
}
