package read

import (
	"context"

	"github.com/spf13/cobra"

	"etcdkit/keyspace/usage"
	"etcdkit/printer"
	"etcdkit/printer/view"
)

// NewTree returns the command that shows keys as a tree.
func NewTree(p Program) *cobra.Command {
	v := &survey{keysOnly: true}
	cmd := &cobra.Command{
		Use:   "tree [options] [prefix]",
		Short: "Show the keys with a prefix as a tree",
		Long: `Show the keys with a prefix as a tree, each separator a level down. Directories
at --depth are shown with the number of keys below them.`,
		Example: p.example(`  etcdctl tree /app/
  etcdctl tree /registry/ --depth 2`),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := v.arguments(cmd, args); err != nil {
				return err
			}
			return p.print(cmd, func(ctx context.Context, s *Session) (printer.View, error) {
				return view.Tree{Usage: v.nodes(ctx, s, v.draw, nil)}, nil
			})
		},
	}
	v.addFlags(cmd.Flags(), 0)
	return cmd
}

// draw yields directories before their contents, and those of the last level
// once their keys are counted.
func (v *survey) draw(hand func(view.Node)) {
	above := []string{v.Prefix} // names of the open directories
	v.Begin = func(n usage.Node) {
		if n.Depth != v.Depth {
			hand(viewNode(n, above[n.Depth-1]))
		}
		above = append(above[:n.Depth], n.Name)
	}
	v.End = func(n usage.Node, in string) {
		if n.Depth == v.Depth {
			hand(leafless(viewNode(n, in)))
		}
	}
	v.Key = func(n usage.Node, in string) { hand(leafless(viewNode(n, in))) }
}

// leafless clears the fields that are unknown for keys that were read without
// their values.
func leafless(n view.Node) view.Node {
	n.Bytes, n.Versions = 0, 0
	return n
}
