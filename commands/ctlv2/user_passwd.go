package ctlv2

import (
	"context"

	"github.com/spf13/cobra"
	client "go.etcd.io/etcd/client/v2"
)

func newUserPasswd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "passwd <user>",
		Short:   "Change the password of a user",
		Long:    "Change the password of a user. The new one is asked for.",
		Example: "  etcdctl -u root user passwd app",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := oneUser(args); err != nil {
				return err
			}
			password, err := a.newPassword(cmd.Context())
			if err != nil {
				return err
			}
			return a.withUsers(cmd, func(ctx context.Context, api client.AuthUserAPI) error {
				if _, err := api.ChangePassword(ctx, args[0], password); err != nil {
					return err
				}
				return a.print("Password updated\n")
			})
		},
	}
}
