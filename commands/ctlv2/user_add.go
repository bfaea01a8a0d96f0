package ctlv2

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	client "go.etcd.io/etcd/client/v2"
)

func newUserAdd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "add <user>[:<password>]",
		Short: "Add a user",
		Long:  "Add a user. Without a password it is asked for.",
		Example: `  etcdctl user add root
  etcdctl user add app:secret`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := oneUser(args); err != nil {
				return err
			}
			name, password, given := strings.Cut(args[0], ":")
			if !given {
				var err error
				if password, err = a.newPassword(cmd.Context()); err != nil {
					return err
				}
			}
			return a.withUsers(cmd, func(ctx context.Context, api client.AuthUserAPI) error {
				if err := api.AddUser(ctx, name, password); err != nil {
					return err
				}
				return a.print(fmt.Sprintf("User %s created\n", name))
			})
		},
	}
}

// newPassword asks for a password. It is done before anything is dialled, so
// that --total-timeout does not run meanwhile.
func (a *app) newPassword(ctx context.Context) (string, error) {
	password, err := a.streams.AskPassword(ctx, "New password: ")
	if err != nil {
		return "", bad("Error reading password: %w", err)
	}
	return password, nil
}
