package read

import (
	"context"

	"github.com/spf13/cobra"

	"etcdkit/printer"
	"etcdkit/printer/view"
)

// NewRoleGet returns the command that shows the permissions of a role.
func NewRoleGet(p Program) *cobra.Command {
	return &cobra.Command{
		Use:   "get <role>",
		Short: "Show the permissions of a role",
		Long: `Show the permissions of a role. The simple format lists readable keys, then
those that can be written: "key" is a single one, "[a, b)" all from a up to but
not including b, "[a, <open ended>" all from a on.`,
		Example: p.example(`  etcdctl role get reader
  etcdctl role get reader -w table`),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := wantArgs(args, 1, "role get command requires role name as its argument"); err != nil {
				return err
			}
			return p.ask(cmd, func(ctx context.Context, c Cluster) (printer.View, error) {
				resp, err := c.Role(ctx, args[0])
				return view.RoleGet{AuthRoleGetResponse: resp, Role: args[0]}, err
			})
		},
	}
}
