package ctlv2

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	client "go.etcd.io/etcd/client/v2"
)

func newRoleAdd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "add <role>",
		Short: "Add a role, which may do nothing yet",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := oneRole(args); err != nil {
				return err
			}
			return a.withRoles(cmd, func(ctx context.Context, api client.AuthRoleAPI) error {
				if have, err := api.GetRole(ctx, args[0]); err == nil && have != nil {
					return bad("Role %s already exists", args[0])
				}
				if err := api.AddRole(ctx, args[0]); err != nil {
					return err
				}
				return a.print(fmt.Sprintf("Role %s created\n", args[0]))
			})
		},
	}
}
