package read

import (
	"context"

	"github.com/spf13/cobra"

	"etcdkit/printer"
	"etcdkit/printer/view"
)

// NewLeaseList returns the command that lists leases.
func NewLeaseList(p Program) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the leases that are alive",
		Example: p.example(`  etcdctl lease list`),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.ask(cmd, func(ctx context.Context, c Cluster) (printer.View, error) {
				resp, err := c.Leases(ctx)
				return view.Leases{LeaseLeasesResponse: resp}, err
			})
		},
	}
}
