package ctlv2

import (
	"context"

	"github.com/spf13/cobra"
	client "go.etcd.io/etcd/client/v2"
)

func newRoleList(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the roles",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := noArguments(args); err != nil {
				return err
			}
			return a.withRoles(cmd, func(ctx context.Context, api client.AuthRoleAPI) error {
				roles, err := api.ListRoles(ctx)
				if err != nil {
					return err
				}
				return a.print(lines(roles))
			})
		},
	}
}
