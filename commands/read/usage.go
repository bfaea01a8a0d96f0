package read

import (
	"context"
	"errors"
	"iter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"etcdkit/commands/cli"
	"etcdkit/keyspace"
	"etcdkit/keyspace/usage"
	"etcdkit/printer/view"
)

// survey is the common part of the commands that walk through all keys with a
// prefix as a tree.
type survey struct {
	usage.Walk
	rev      int64
	keysOnly bool
}

func (v *survey) addFlags(fs *pflag.FlagSet, depth int) {
	separatorFlag(fs, &v.Separator)
	fs.IntVar(&v.Depth, "depth", depth, "depth in separators; 0 is unlimited")
	fs.Int64Var(&v.rev, "rev", 0, "the keys as they were at this revision")
}

// arguments reads the prefix, and checks the flags.
func (v *survey) arguments(cmd *cobra.Command, args []string) (err error) {
	if v.Prefix, err = prefixArg(cmd, args); err != nil {
		return err
	}
	if v.Depth < 0 {
		return cli.Exit(cli.BadArgs, errors.New("`--depth` is negative"))
	}
	return checkSeparator(v.Separator)
}

// nodes walks through all keys. visit sets the callbacks of the walk, which
// yield nodes by its argument; last, if it is not nil, yields more at the end.
func (v *survey) nodes(ctx context.Context, src keyspace.Source, visit func(func(view.Node)), last func(usage.Node, func(view.Node))) view.Usage {
	r := keyspace.Prefix(v.Prefix)
	r.Rev, r.KeysOnly, r.SizesOnly = v.rev, v.keysOnly, true
	revision := v.rev
	var nodes iter.Seq2[view.Node, error] = func(yield func(view.Node, error) bool) {
		more := true
		hand := func(n view.Node) { more = more && yield(n, nil) }
		visit(hand)
		for page, err := range src.Pages(ctx, r) {
			if err != nil {
				if more {
					yield(view.Node{}, keyspace.Unbroken(err))
				}
				return
			}
			if v.rev == 0 {
				revision = page.Head.Revision
			}
			for _, kv := range page.KVs {
				v.Add(kv)
			}
			if !more {
				return
			}
		}
		prefix := v.Finish()
		if last != nil {
			last(prefix, hand)
		}
	}
	return view.Usage{Nodes: nodes, Revision: func() int64 { return revision }}
}

// viewNode returns a node as views take it.
func viewNode(n usage.Node, above string) view.Node {
	return view.Node{
		Name: n.Name, Label: n.Label(above), Depth: n.Depth, Dir: n.Dir,
		Keys: n.Sum.Keys, Bytes: n.Sum.Bytes, Versions: n.Sum.Versions,
	}
}
