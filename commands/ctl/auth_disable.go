package ctl

import (
	"context"

	"github.com/spf13/cobra"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/printer"
	"etcdkit/printer/view"
)

func newAuthDisable(a *app) *cobra.Command {
	return curlShows(a, &cobra.Command{
		Use:   "disable",
		Short: "Switch authentication off",
		Long: `Switch authentication off: from then on every client may do everything. Users
and roles are kept.`,
		Example: `  etcdctl auth disable --user root`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := wantArgs(args, 0, "auth disable command does not accept any arguments"); err != nil {
				return err
			}
			return a.request(cmd, func(ctx context.Context, s *session) (printer.View, error) {
				_, err := s.client.AuthDisable(ctx)
				return view.Line("Authentication Disabled"), err
			})
		},
	}, pb.Auth_AuthDisable_FullMethodName)
}
