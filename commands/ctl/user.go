package ctl

import "github.com/spf13/cobra"

func newUser(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "user <subcommand>",
		Short: "Work with users",
		Long: `Work with users. A user may do what the user's roles permit, once authentication
is enabled.`,
	}
	cmd.AddCommand(newUserAdd(a), newUserDelete(a), newUserGet(a), newUserList(a), newUserPasswd(a), newUserGrantRole(a), newUserRevokeRole(a))
	return cmd
}
