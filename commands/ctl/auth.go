package ctl

import (
	"errors"

	"github.com/spf13/cobra"

	"etcdkit/commands/cli"
)

// wantArgs returns an error with upstream's words unless there are n arguments.
func wantArgs(args []string, n int, words string) error {
	if len(args) == n {
		return nil
	}
	return cli.Exit(cli.BadArgs, errors.New(words))
}

func newAuth(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "auth <subcommand>",
		Short: "Switch authentication on and off",
		Long: `Switch authentication on and off. While it is on, every request needs a user
(--user), who may do what the user's roles permit; the role root permits
everything.`,
	}
	cmd.AddCommand(newAuthEnable(a), newAuthDisable(a), newAuthStatus(a))
	return cmd
}
