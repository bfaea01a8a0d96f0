package ctl

import (
	"context"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/printer"
	"etcdkit/printer/view"
)

func newRoleAdd(a *app) *cobra.Command {
	return curlShows(a, &cobra.Command{
		Use:     "add <role>",
		Short:   "Create a role that permits nothing yet",
		Example: `  etcdctl role add reader`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := wantArgs(args, 1, "role add command requires role name as its argument"); err != nil {
				return err
			}
			return a.request(cmd, func(ctx context.Context, s *session) (printer.View, error) {
				resp, err := s.client.RoleAdd(ctx, args[0])
				return view.RoleAdd{Ack: view.Ack{Response: (*etcdserverpb.AuthRoleAddResponse)(resp)}, Role: args[0]}, err
			})
		},
	}, etcdserverpb.Auth_RoleAdd_FullMethodName)
}
