package ctl

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/authpb"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/commands/cli"
	"etcdkit/printer"
	"etcdkit/printer/view"
)

// grant turns arguments into a kind of permission and its range.
func (o *permOptions) grant(args []string) (clientv3.PermissionType, permRange, error) {
	if len(args) < 3 {
		return 0, permRange{}, cli.Exit(cli.BadArgs, errors.New("role grant command requires role name, permission type, and key [endkey] as its argument"))
	}
	kind, err := clientv3.StrToPermissionType(args[1])
	if err != nil {
		return 0, permRange{}, cli.Exit(cli.BadArgs, fmt.Errorf("%w: use read, write or readwrite", err))
	}
	r, err := o.keys(args[2:])
	return kind, r, err
}

func newRoleGrantPermission(a *app) *cobra.Command {
	o := &permOptions{}
	cmd := &cobra.Command{
		Use:   "grant-permission [options] <role> <read|write|readwrite> <key> [endkey]",
		Short: "Let a role read or write keys",
		Long: `Let a role read, write, or read and write a key, the keys from <key> up to but
not including <endkey>, those with a prefix, or those from a key on. It replaces
the permission that the role has for exactly the same range.`,
		Example: `  etcdctl role grant-permission reader read /app/ --prefix
  etcdctl role grant-permission admin readwrite "" --from-key
  etcdctl role grant-permission writer write /app/a /app/m`,
		RunE: func(cmd *cobra.Command, args []string) error {
			kind, r, err := o.grant(args)
			if err != nil {
				return err
			}
			r.warn(a.streams.Err)
			return a.request(cmd, func(ctx context.Context, s *session) (printer.View, error) {
				resp, err := s.client.RoleGrantPermission(ctx, args[0], r.key, r.end, kind)
				return view.RoleGrantPermission{
					Ack:  view.Ack{Response: (*etcdserverpb.AuthRoleGrantPermissionResponse)(resp)},
					Role: args[0],
					Perm: &authpb.Permission{PermType: authpb.Permission_Type(kind), Key: []byte(r.key), RangeEnd: []byte(r.end)},
				}, err
			})
		},
	}
	o.addFlags(cmd.Flags())
	return curlShows(a, cmd, etcdserverpb.Auth_RoleGrantPermission_FullMethodName)
}
