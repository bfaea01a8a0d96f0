package ctlv2

import (
	"context"

	"github.com/spf13/cobra"
	client "go.etcd.io/etcd/client/v2"
)

func newRole(a *app) *cobra.Command {
	return family("role", "List and change roles",
		newRoleAdd(a), newRoleGet(a), newRoleList(a), newRoleRemove(a),
		newRoleAccess(a, roleAccess{"grant", "Give a role access to keys", "granted", client.AuthRoleAPI.GrantRoleKV}),
		newRoleAccess(a, roleAccess{"revoke", "Take access to keys from a role", "revoked", client.AuthRoleAPI.RevokeRoleKV}))
}

// withRoles calls do under --total-timeout. Its errors are printed bare.
func (a *app) withRoles(cmd *cobra.Command, do func(context.Context, client.AuthRoleAPI) error) error {
	return a.withSession(cmd, func(ctx context.Context, s *session) error {
		return bare(do(ctx, client.NewAuthRoleAPI(s)))
	})
}

// oneRole refuses anything but one argument.
func oneRole(args []string) error {
	if len(args) != 1 {
		return bad("Please provide a role name")
	}
	return nil
}
