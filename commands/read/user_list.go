package read

import (
	"context"

	"github.com/spf13/cobra"

	"etcdkit/printer"
	"etcdkit/printer/view"
)

// NewUserList returns the command that lists the users.
func NewUserList(p Program) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List all users",
		Example: p.example(`  etcdctl user list`),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := wantArgs(args, 0, "user list command requires no arguments"); err != nil {
				return err
			}
			return p.ask(cmd, func(ctx context.Context, c Cluster) (printer.View, error) {
				resp, err := c.Users(ctx)
				return view.UserList{AuthUserListResponse: resp}, err
			})
		},
	}
}
