package read

import (
	"context"

	"github.com/spf13/cobra"

	"etcdkit/keyspace"
	"etcdkit/printer"
	"etcdkit/printer/view"
)

// NewCount returns the command that counts keys.
func NewCount(p Program) *cobra.Command {
	rev := int64(0)
	cmd := &cobra.Command{
		Use:   "count [options] [prefix]",
		Short: "Count the keys with a prefix",
		Long:  "Print the number of keys, or of the keys with a prefix.",
		Example: p.example(`  etcdctl count
  etcdctl count /registry/pods/
  etcdctl count /registry/pods/ --rev 42`),
		RunE: func(cmd *cobra.Command, args []string) error {
			prefix, err := prefixArg(cmd, args)
			if err != nil {
				return err
			}
			r := keyspace.Prefix(prefix)
			r.Rev, r.CountOnly = rev, true
			return p.print(cmd, func(ctx context.Context, src keyspace.Source) (printer.View, error) {
				return view.Count{Range: view.Range{Pages: pages(src.Pages(ctx, r))}}, nil
			})
		},
	}
	cmd.Flags().Int64Var(&rev, "rev", 0, "the keys as they were at this revision")
	return cmd
}
