package ctl

import (
	"context"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/printer"
	"etcdkit/printer/view"
)

func newUserRevokeRole(a *app) *cobra.Command {
	return curlShows(a, &cobra.Command{
		Use:     "revoke-role <name> <role>",
		Short:   "Take a role from a user",
		Example: `  etcdctl user revoke-role alice reader`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := wantArgs(args, 2, "user revoke-role requires user name and role name as its argument"); err != nil {
				return err
			}
			return a.request(cmd, func(ctx context.Context, s *session) (printer.View, error) {
				resp, err := s.client.UserRevokeRole(ctx, args[0], args[1])
				return view.UserRevokeRole{
					Ack:  view.Ack{Response: (*etcdserverpb.AuthUserRevokeRoleResponse)(resp)},
					User: args[0], Role: args[1],
				}, err
			})
		},
	}, etcdserverpb.Auth_UserRevokeRole_FullMethodName)
}
