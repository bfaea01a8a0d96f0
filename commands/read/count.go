package read

import (
	"github.com/spf13/cobra"

	"etcdkit/keyspace"
	"etcdkit/keyspace/count"
	"etcdkit/printer/view"
)

// NewCount returns the command that counts keys.
func NewCount(p Program) *cobra.Command {
	rev := int64(0)
	cmd := &cobra.Command{
		Use:   "count [options] [prefix]",
		Short: "Count the keys with a prefix",
		Long: `Print the number of keys, or of the keys with a prefix. The temporary keys of
commands that are writing, such as import, are not counted.`,
		Example: p.example(`  etcdctl count
  etcdctl count /registry/pods/
  etcdctl count /registry/pods/ --rev 42`),
		RunE: func(cmd *cobra.Command, args []string) error {
			prefix, err := prefixArg(cmd, args)
			if err != nil {
				return err
			}
			r := keyspace.Prefix(prefix)
			r.Rev = rev
			s, err := p.Open(cmd)
			if err != nil {
				return err
			}
			defer s.Close() //nolint:errcheck // everything has been read
			page, err := count.Keys(cmd.Context(), s.Source, r, s.Fences)
			if err != nil {
				return err
			}
			return s.Out.Print(view.Count{Range: view.Range{Pages: pages(func(yield func(*keyspace.Page, error) bool) { yield(page, nil) })}})
		},
	}
	cmd.Flags().Int64Var(&rev, "rev", 0, "the keys as they were at this revision")
	return cmd
}
