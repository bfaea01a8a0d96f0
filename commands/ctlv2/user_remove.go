package ctlv2

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	client "go.etcd.io/etcd/client/v2"
)

func newUserRemove(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "remove <user>",
		Short: "Remove a user",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := oneUser(args); err != nil {
				return err
			}
			return a.withUsers(cmd, func(ctx context.Context, api client.AuthUserAPI) error {
				if err := api.RemoveUser(ctx, args[0]); err != nil {
					return err
				}
				return a.print(fmt.Sprintf("User %s removed\n", args[0]))
			})
		},
	}
}
