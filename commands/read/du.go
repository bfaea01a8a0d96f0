package read

import (
	"context"

	"github.com/spf13/cobra"

	"etcdkit/keyspace/usage"
	"etcdkit/printer"
	"etcdkit/printer/view"
)

// NewDu returns the command that sums up the keys below each prefix.
func NewDu(p Program) *cobra.Command {
	v := &survey{}
	cmd := &cobra.Command{
		Use:   "du [options] [prefix]",
		Short: "Sum up the keys below each prefix",
		Long: `Sum up the keys below each prefix, up to --depth separators deep, the keys
directly below a prefix, and all keys in the last line: the bytes of keys and
values, the number of keys, and how often they were written since each was
created. History that is not compacted takes up space too, and is not counted;
on a terminal, the line below the sum of all keys says how much that is.`,
		Example: p.example(`  etcdctl du
  etcdctl du /registry/ --depth 2 --human --sort bytes
  etcdctl du -w json`),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := v.arguments(cmd, args); err != nil {
				return err
			}
			return p.print(cmd, func(ctx context.Context, s *Session) (printer.View, error) {
				return v.nodes(ctx, s, v.sums, v.total), nil
			})
		},
	}
	v.addFlags(cmd.Flags(), 1)
	v.addSumFlags(cmd)
	return cmd
}

// sums yields each directory after its contents.
func (v *survey) sums(hand func(view.Node)) {
	v.End = func(n usage.Node, in string) {
		if n.Dirs {
			direct(n, hand)
		}
		hand(viewNode(n, in))
	}
}

// total hands out the prefix itself.
func (v *survey) total(n usage.Node, hand func(view.Node)) {
	direct(n, hand)
	hand(viewNode(n, ""))
}

// direct yields the totals of the keys directly in a directory, so that the
// lines below the directory add up to its own.
func direct(n usage.Node, hand func(view.Node)) {
	if n.Direct.Keys > 0 {
		line := viewNode(usage.Node{Name: n.Name, Depth: n.Depth + 1, Sum: n.Direct}, "")
		line.Direct = true
		hand(line)
	}
}
