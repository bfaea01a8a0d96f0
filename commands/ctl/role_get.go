package ctl

import (
	"context"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/printer"
	"etcdkit/printer/view"
)

func newRoleGet(a *app) *cobra.Command {
	return curlShows(a, &cobra.Command{
		Use:   "get <role>",
		Short: "Show the permissions of a role",
		Long: `Show the permissions of a role. The simple format lists readable keys, then
those that can be written: "key" is a single one, "[a, b)" all from a up to but
not including b, "[a, <open ended>" all from a on.`,
		Example: `  etcdctl role get reader
  etcdctl role get reader -w table`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := wantArgs(args, 1, "role get command requires role name as its argument"); err != nil {
				return err
			}
			return a.request(cmd, func(ctx context.Context, s *session) (printer.View, error) {
				resp, err := s.client.RoleGet(ctx, args[0])
				return view.RoleGet{AuthRoleGetResponse: (*etcdserverpb.AuthRoleGetResponse)(resp), Role: args[0]}, err
			})
		},
	}, etcdserverpb.Auth_RoleGet_FullMethodName)
}
