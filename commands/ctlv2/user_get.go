package ctlv2

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	client "go.etcd.io/etcd/client/v2"
)

func newUserGet(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "get <user>",
		Short: "Show the roles of a user",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := oneUser(args); err != nil {
				return err
			}
			return a.withUsers(cmd, func(ctx context.Context, api client.AuthUserAPI) error {
				u, err := api.GetUser(ctx, args[0])
				if err != nil {
					return err
				}
				return a.print(fmt.Sprintf("User: %s\nRoles: %s\n", u.User, strings.Join(u.Roles, " ")))
			})
		},
	}
}
