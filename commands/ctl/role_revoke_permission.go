package ctl

import (
	"context"
	"errors"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/commands/cli"
	"etcdkit/printer"
	"etcdkit/printer/view"
)

// revoke turns arguments into the range of the permission.
func (o *permOptions) revoke(args []string) (permRange, error) {
	if len(args) < 2 {
		return permRange{}, cli.Exit(cli.BadArgs, errors.New("role revoke-permission command requires role name and key [endkey] as its argument"))
	}
	return o.keys(args[1:])
}

func newRoleRevokePermission(a *app) *cobra.Command {
	o := &permOptions{}
	cmd := &cobra.Command{
		Use:   "revoke-permission [options] <role> <key> [endkey]",
		Short: "Take a permission from a role",
		Long: `Take a permission from a role: the one for exactly this key or range, be it to
read or to write. A part of a range can't be taken away.`,
		Example: `  etcdctl role revoke-permission reader /app/ --prefix
  etcdctl role revoke-permission writer /app/a /app/m`,
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := o.revoke(args)
			if err != nil {
				return err
			}
			r.warn(a.streams.Err)
			return a.request(cmd, func(ctx context.Context, s *session) (printer.View, error) {
				resp, err := s.client.RoleRevokePermission(ctx, args[0], r.key, r.end)
				return view.RoleRevokePermission{
					Ack:  view.Ack{Response: (*etcdserverpb.AuthRoleRevokePermissionResponse)(resp)},
					Role: args[0], Key: args[1], End: r.end,
				}, err
			})
		},
	}
	o.addFlags(cmd.Flags())
	return curlShows(a, cmd, etcdserverpb.Auth_RoleRevokePermission_FullMethodName)
}
