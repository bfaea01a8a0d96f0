package ctl

import (
	"context"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/printer"
	"etcdkit/printer/view"
)

func newUserList(a *app) *cobra.Command {
	return curlShows(a, &cobra.Command{
		Use:     "list",
		Short:   "List all users",
		Example: `  etcdctl user list`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := wantArgs(args, 0, "user list command requires no arguments"); err != nil {
				return err
			}
			return a.request(cmd, func(ctx context.Context, s *session) (printer.View, error) {
				resp, err := s.client.UserList(ctx)
				return view.UserList{AuthUserListResponse: (*etcdserverpb.AuthUserListResponse)(resp)}, err
			})
		},
	}, etcdserverpb.Auth_UserList_FullMethodName)
}
