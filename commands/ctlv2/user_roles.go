package ctlv2

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	client "go.etcd.io/etcd/client/v2"
)

// userRoles is one of the commands user grant and user revoke.
type userRoles struct {
	name, short string
	do          func(client.AuthUserAPI, context.Context, string, []string) (*client.User, error)
}

func newUserRoles(a *app, c userRoles) *cobra.Command {
	var roles []string
	cmd := &cobra.Command{
		Use:     c.name + " --roles <role> <user>",
		Short:   c.short,
		Example: "  etcdctl user " + c.name + " --roles reader --roles writer app",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(roles) == 0 {
				return bad("No roles specified; please use `--roles`")
			}
			if err := oneUser(args); err != nil {
				return err
			}
			return a.withUsers(cmd, func(ctx context.Context, api client.AuthUserAPI) error {
				if _, err := c.do(api, ctx, args[0], roles); err != nil {
					return err
				}
				return a.print(fmt.Sprintf("User %s updated\n", args[0]))
			})
		},
	}
	cmd.Flags().StringArrayVar(&roles, "roles", nil, "a `role`; may be given more than once")
	return cmd
}
