package read

import (
	"context"

	"github.com/spf13/cobra"

	"etcdkit/printer"
	"etcdkit/printer/view"
)

// NewAuthStatus returns the command that reports whether authentication is on.
func NewAuthStatus(p Program) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Tell whether authentication is on",
		Long: `Tell whether authentication is on, and the revision of users and roles: a number
that grows with every change of them.`,
		Example: p.example(`  etcdctl auth status`),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := wantArgs(args, 0, "auth status command does not accept any arguments"); err != nil {
				return err
			}
			return p.ask(cmd, func(ctx context.Context, c Cluster) (printer.View, error) {
				resp, err := c.AuthStatus(ctx)
				return view.AuthStatus{AuthStatusResponse: resp}, err
			})
		},
	}
}
