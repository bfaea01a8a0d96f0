package ctl

import (
	"context"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/printer"
	"etcdkit/printer/view"
)

func newAuthStatus(a *app) *cobra.Command {
	return curlShows(a, &cobra.Command{
		Use:   "status",
		Short: "Tell whether authentication is on",
		Long: `Tell whether authentication is on, and the revision of users and roles: a number
that grows with every change of them.`,
		Example: `  etcdctl auth status`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := wantArgs(args, 0, "auth status command does not accept any arguments"); err != nil {
				return err
			}
			return a.request(cmd, func(ctx context.Context, s *session) (printer.View, error) {
				resp, err := s.client.AuthStatus(ctx)
				return view.AuthStatus{AuthStatusResponse: (*etcdserverpb.AuthStatusResponse)(resp)}, err
			})
		},
	}, etcdserverpb.Auth_AuthStatus_FullMethodName)
}
