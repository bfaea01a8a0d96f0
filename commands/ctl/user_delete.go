package ctl

import (
	"context"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/printer"
	"etcdkit/printer/view"
)

func newUserDelete(a *app) *cobra.Command {
	return curlShows(a, &cobra.Command{
		Use:     "delete <name>",
		Short:   "Delete a user",
		Example: `  etcdctl user delete alice`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := wantArgs(args, 1, "user delete command requires user name as its argument"); err != nil {
				return err
			}
			return a.request(cmd, func(ctx context.Context, s *session) (printer.View, error) {
				resp, err := s.client.UserDelete(ctx, args[0])
				return view.UserDelete{Ack: view.Ack{Response: (*etcdserverpb.AuthUserDeleteResponse)(resp)}, User: args[0]}, err
			})
		},
	}, etcdserverpb.Auth_UserDelete_FullMethodName)
}
