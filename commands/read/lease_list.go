package read

import (
	"context"

	"github.com/spf13/cobra"

	"etcdkit/printer/view"
)

// NewLeaseList returns the command that lists leases.
func NewLeaseList(p Program) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the leases that are alive",
		Long: `List the ids of the leases that are alive. The table also shows how long each was
granted for, how long it has left, and its number of keys.`,
		Example: p.example(`  etcdctl lease list
  etcdctl lease list -w table`),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := p.Open(cmd)
			if err != nil {
				return err
			}
			defer s.Close() //nolint:errcheck // everything has been read
			v, err := leases(cmd.Context(), s)
			if err != nil {
				return err
			}
			return s.Out.Print(v)
		},
	}
}

// leases lists leases, for a table with details.
func leases(ctx context.Context, s *Session) (v view.Leases, err error) {
	if v.LeaseLeasesResponse, err = s.Cluster.Leases(ctx); err != nil || s.Out.Format() != "table" {
		return v, err
	}
	ids := make([]int64, 0, len(v.GetLeases()))
	for _, l := range v.GetLeases() {
		ids = append(ids, l.GetID())
	}
	v.Details, err = s.Cluster.Details(ctx, ids)
	return v, err
}
