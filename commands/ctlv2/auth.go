package ctlv2

import (
	"context"

	"github.com/spf13/cobra"
	client "go.etcd.io/etcd/client/v2"
)

func newAuth(a *app) *cobra.Command {
	return family("auth", "Switch authentication on and off",
		newAuthSwitch(a, authSwitch{"enable", "Require users to authenticate; there has to be a user root", "Authentication Enabled", client.AuthAPI.Enable}),
		newAuthSwitch(a, authSwitch{"disable", "Let everybody in", "Authentication Disabled", client.AuthAPI.Disable}))
}

// authSwitch is one of the two commands.
type authSwitch struct {
	name, short, done string
	do                func(client.AuthAPI, context.Context) error
}

func newAuthSwitch(a *app, w authSwitch) *cobra.Command {
	return &cobra.Command{
		Use:   w.name,
		Short: w.short,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := noArguments(args); err != nil {
				return err
			}
			return a.withSession(cmd, func(ctx context.Context, s *session) error {
				if err := w.do(client.NewAuthAPI(s), ctx); err != nil {
					return bare(err)
				}
				return a.print(w.done + "\n")
			})
		},
	}
}
