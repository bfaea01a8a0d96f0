package read

import (
	"context"

	"github.com/spf13/cobra"

	"etcdkit/printer"
	"etcdkit/printer/view"
)

// NewRoleList returns the command that lists the roles.
func NewRoleList(p Program) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List all roles",
		Example: p.example(`  etcdctl role list`),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := wantArgs(args, 0, "role list command requires no arguments"); err != nil {
				return err
			}
			return p.ask(cmd, func(ctx context.Context, c Cluster) (printer.View, error) {
				resp, err := c.Roles(ctx)
				return view.RoleList{AuthRoleListResponse: resp}, err
			})
		},
	}
}
