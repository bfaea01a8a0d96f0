package ctl

import (
	"context"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/printer"
	"etcdkit/printer/view"
)

func newUserGrantRole(a *app) *cobra.Command {
	return curlShows(a, &cobra.Command{
		Use:     "grant-role <name> <role>",
		Short:   "Give a role to a user",
		Example: `  etcdctl user grant-role alice reader`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := wantArgs(args, 2, "user grant command requires user name and role name as its argument"); err != nil {
				return err
			}
			return a.request(cmd, func(ctx context.Context, s *session) (printer.View, error) {
				resp, err := s.client.UserGrantRole(ctx, args[0], args[1])
				return view.UserGrantRole{
					Ack:  view.Ack{Response: (*etcdserverpb.AuthUserGrantRoleResponse)(resp)},
					User: args[0], Role: args[1],
				}, err
			})
		},
	}, etcdserverpb.Auth_UserGrantRole_FullMethodName)
}
