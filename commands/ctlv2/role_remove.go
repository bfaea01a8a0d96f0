package ctlv2

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	client "go.etcd.io/etcd/client/v2"
)

func newRoleRemove(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "remove <role>",
		Short: "Remove a role",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := oneRole(args); err != nil {
				return err
			}
			return a.withRoles(cmd, func(ctx context.Context, api client.AuthRoleAPI) error {
				if err := api.RemoveRole(ctx, args[0]); err != nil {
					return err
				}
				return a.print(fmt.Sprintf("Role %s removed\n", args[0]))
			})
		},
	}
}
