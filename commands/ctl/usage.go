package ctl

import (
	"errors"
	"iter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"etcdkit/commands/cli"
	"etcdkit/keyspace/scan"
	"etcdkit/keyspace/usage"
	"etcdkit/printer/view"
)

// survey is what the commands have in common that go through all keys with a
// prefix as through a tree.
type survey struct {
	usage.Walk
	rev      int64
	keysOnly bool
}

func (v *survey) addFlags(fs *pflag.FlagSet, depth int) {
	separatorFlag(fs, &v.Separator)
	fs.IntVar(&v.Depth, "depth", depth, "how many separators deep; 0 is as deep as the keys are")
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

// run goes through all keys. visit sets what the walk calls, to hand nodes out
// by its argument; last, if it is not nil, hands out more at the end.
func (v *survey) run(cmd *cobra.Command, a *app, visit func(func(view.Node)), last func(usage.Sum, func(view.Node))) (*session, view.Usage, error) {
	s, err := a.open(cmd)
	if err != nil {
		return nil, view.Usage{}, err
	}
	key, end := prefixRange(v.Prefix)
	r := scan.Range{Key: key, End: end, Rev: v.rev, KeysOnly: v.keysOnly}
	revision := v.rev
	var nodes iter.Seq2[view.Node, error] = func(yield func(view.Node, error) bool) {
		more := true
		hand := func(n view.Node) { more = more && yield(n, nil) }
		visit(hand)
		for page, err := range newReader(a, s).Pages(cmd.Context(), r) {
			if err != nil {
				if more {
					yield(view.Node{}, unbroken(err))
				}
				return
			}
			if v.rev == 0 {
				revision = page.GetHeader().GetRevision()
			}
			for _, kv := range page.GetKvs() {
				v.Add(kv)
			}
			if !more {
				return
			}
		}
		sum := v.Finish()
		if last != nil {
			last(sum, hand)
		}
	}
	return s, view.Usage{Nodes: nodes, Revision: func() int64 { return revision }}, nil
}

// unbroken is the error of a scan without the word of what has come: here that
// says little.
func unbroken(err error) error {
	if broken := (*scan.Broken)(nil); errors.As(err, &broken) {
		return broken.Err
	}
	return err
}

// viewNode is a node as views have it.
func viewNode(n usage.Node, above string) view.Node {
	return view.Node{
		Name: n.Name, Label: n.Label(above), Depth: n.Depth, Dir: n.Dir,
		Keys: n.Sum.Keys, Bytes: n.Sum.Bytes, Versions: n.Sum.Versions,
	}
}
