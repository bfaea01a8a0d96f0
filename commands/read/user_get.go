package read

import (
	"context"

	"github.com/spf13/cobra"

	"etcdkit/printer"
	"etcdkit/printer/view"
)

// NewUserGet returns the command that shows the roles of a user.
func NewUserGet(p Program) *cobra.Command {
	detail := false
	cmd := &cobra.Command{
		Use:   "get [options] <name>",
		Short: "Show the roles of a user",
		Long: `Show the roles of a user, with --detail also what each of them permits (see role
get).`,
		Example: p.example(`  etcdctl user get alice
  etcdctl user get alice --detail -w table`),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := wantArgs(args, 1, "user get command requires user name as its argument"); err != nil {
				return err
			}
			return p.ask(cmd, func(ctx context.Context, c Cluster) (printer.View, error) {
				resp, err := c.User(ctx, args[0])
				if err != nil || !detail {
					return view.UserGet{AuthUserGetResponse: resp, User: args[0]}, err
				}
				return userDetail(ctx, c, args[0], resp.GetRoles())
			})
		},
	}
	cmd.Flags().BoolVar(&detail, "detail", false, "show the permissions of each role")
	return cmd
}

// userDetail reads each role of a user.
func userDetail(ctx context.Context, c Cluster, user string, roles []string) (printer.View, error) {
	detail := view.UserDetail{User: user}
	for _, role := range roles {
		resp, err := c.Role(ctx, role)
		if err != nil {
			return nil, err
		}
		detail.Roles = append(detail.Roles, view.RoleGet{AuthRoleGetResponse: resp, Role: role})
	}
	return detail, nil
}
