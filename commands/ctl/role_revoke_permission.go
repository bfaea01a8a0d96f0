package ctl

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

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

// whatIsGranted adds to the error of a permission that a role does not have how to
// name the one that it has for the same key.
func whatIsGranted(ctx context.Context, c clientv3.Auth, role, key string, err error) error {
	resp, failed := c.RoleGet(ctx, role)
	if failed != nil {
		return err
	}
	for _, perm := range resp.Perm {
		if string(perm.GetKey()) != key {
			continue
		}
		switch end := string(perm.GetRangeEnd()); end {
		case "":
			return fmt.Errorf("%w: it has one for the single key %q; leave the end key and the flags out", err, key)
		case "\x00":
			return fmt.Errorf("%w: it has one for all keys from %q on; add --from-key", err, key)
		case clientv3.GetPrefixRangeEnd(key):
			return fmt.Errorf("%w: it has one for the prefix %q; add --prefix", err, key)
		default:
			return fmt.Errorf("%w: it has one up to %q; add that as the end key", err, end)
		}
	}
	return fmt.Errorf("%w: \"etcdctl role get %s\" lists what it has", err, role)
}

func newRoleRevokePermission(a *app) *cobra.Command {
	o := &permOptions{}
	cmd := &cobra.Command{
		Use:   "revoke-permission [options] <role> <key> [endkey]",
		Short: "Revoke a permission from a role",
		Long: `Revoke a permission from a role: the one for exactly this key or range, whether
to read or to write. A part of a range can't be revoked.`,
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
				if errors.Is(err, rpctypes.ErrPermissionNotGranted) {
					err = whatIsGranted(ctx, s.client, args[0], r.key, err)
				}
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
