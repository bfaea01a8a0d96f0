package ctl

import (
	"context"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/printer"
	"etcdkit/printer/view"
)

func newRoleList(a *app) *cobra.Command {
	return curlShows(a, &cobra.Command{
		Use:     "list",
		Short:   "List all roles",
		Example: `  etcdctl role list`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := wantArgs(args, 0, "role list command requires no arguments"); err != nil {
				return err
			}
			return a.request(cmd, func(ctx context.Context, s *session) (printer.View, error) {
				resp, err := s.client.RoleList(ctx)
				return view.RoleList{AuthRoleListResponse: (*etcdserverpb.AuthRoleListResponse)(resp)}, err
			})
		},
	}, etcdserverpb.Auth_RoleList_FullMethodName)
}
