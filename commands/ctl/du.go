package ctl

import (
	"github.com/spf13/cobra"

	"etcdkit/keyspace/usage"
	"etcdkit/printer/view"
)

func newDu(a *app) *cobra.Command {
	v := &survey{}
	cmd := &cobra.Command{
		Use:   "du [options] [prefix]",
		Short: "Sum up what lies below each prefix",
		Long: `Sum up the keys below each prefix, up to --depth separators deep, and all of
them in the last line: the bytes of keys and values, the number of keys, and how
often they were written since each was created. History that is not compacted
takes room as well, and is not counted.`,
		Example: `  etcdctl du
  etcdctl du /registry/ --depth 2
  etcdctl du -w json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := v.arguments(cmd, args); err != nil {
				return err
			}
			s, all, err := v.run(cmd, a, v.sums, v.total)
			if err != nil {
				return err
			}
			defer s.client.Close() //nolint:errcheck // all has been read
			return s.out.Print(all)
		},
	}
	v.addFlags(cmd.Flags(), 1)
	return cmd
}

// sums hands out each directory after what is in it.
func (v *survey) sums(hand func(view.Node)) {
	v.End = func(n usage.Node, in string) { hand(viewNode(n, in)) }
}

// total hands out the prefix itself.
func (v *survey) total(sum usage.Sum, hand func(view.Node)) {
	hand(viewNode(usage.Node{Name: v.Prefix, Dir: true, Sum: sum}, ""))
}
