package ctl

import (
	"github.com/spf13/cobra"

	"etcdkit/keyspace/usage"
	"etcdkit/printer/view"
)

func newTree(a *app) *cobra.Command {
	v := &survey{keysOnly: true}
	cmd := &cobra.Command{
		Use:   "tree [options] [prefix]",
		Short: "Show the keys with a prefix as a tree",
		Long: `Show the keys with a prefix as a tree, each separator a level down. Directories
at --depth are shown with the number of keys below them.`,
		Example: `  etcdctl tree /app/
  etcdctl tree /registry/ --depth 2`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := v.arguments(cmd, args); err != nil {
				return err
			}
			s, all, err := v.run(cmd, a, v.draw, nil)
			if err != nil {
				return err
			}
			defer s.client.Close() //nolint:errcheck // all has been read
			return s.out.Print(view.Tree{Usage: all})
		},
	}
	v.addFlags(cmd.Flags(), 0)
	return cmd
}

// draw hands out directories before what is in them, but those of the last
// level when all of that is counted.
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

// leafless leaves out what is not known of keys without their values.
func leafless(n view.Node) view.Node {
	n.Bytes, n.Versions = 0, 0
	return n
}
