package ctlv2

import (
	"context"

	"github.com/spf13/cobra"
	client "go.etcd.io/etcd/client/v2"
)

func newUser(a *app) *cobra.Command {
	return family("user", "List and change users",
		newUserAdd(a), newUserGet(a), newUserList(a), newUserRemove(a),
		newUserRoles(a, userRoles{"grant", "Give a user roles", client.AuthUserAPI.GrantUser}),
		newUserRoles(a, userRoles{"revoke", "Take roles from a user", client.AuthUserAPI.RevokeUser}),
		newUserPasswd(a))
}

// withUsers calls do under --total-timeout. Its errors are printed bare.
func (a *app) withUsers(cmd *cobra.Command, do func(context.Context, client.AuthUserAPI) error) error {
	return a.withSession(cmd, func(ctx context.Context, s *session) error {
		return bare(do(ctx, client.NewAuthUserAPI(s)))
	})
}

// oneUser refuses anything but one argument.
func oneUser(args []string) error {
	if len(args) != 1 {
		return bad("Please provide a username")
	}
	return nil
}
