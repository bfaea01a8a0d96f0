package ctlv2

import (
	"context"
	"strings"

	"github.com/spf13/cobra"
	client "go.etcd.io/etcd/client/v2"
)

func newUserList(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the users",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := noArguments(args); err != nil {
				return err
			}
			return a.withUsers(cmd, func(ctx context.Context, api client.AuthUserAPI) error {
				users, err := api.ListUsers(ctx)
				if err != nil {
					return err
				}
				return a.print(lines(users))
			})
		},
	}
}

// lines is each of the names on a line.
func lines(names []string) string {
	var b strings.Builder
	for _, n := range names {
		b.WriteString(n + "\n")
	}
	return b.String()
}
