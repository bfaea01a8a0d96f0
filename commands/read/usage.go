package read

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"
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
	human    bool
	sortBy   string // a measure; "" and "name" are the order of the keys
}

func (v *survey) addFlags(fs *pflag.FlagSet, depth int) {
	separatorFlag(fs, &v.Separator)
	fs.IntVar(&v.Depth, "depth", depth, "depth in separators; 0 is unlimited")
	fs.Int64Var(&v.rev, "rev", 0, "the keys as they were at this revision")
}

// sumOrders are the values of --sort.
func sumOrders() []string { return append([]string{"name"}, measures()...) }

// addSumFlags adds the flags of commands that show sums.
func (v *survey) addSumFlags(cmd *cobra.Command) {
	orders := sumOrders()
	cmd.Flags().BoolVar(&v.human, "human", false, "sizes with units, such as 1.2 MB")
	cmd.Flags().StringVar(&v.sortBy, "sort", "name", "order: "+strings.Join(orders, ", "))
	cli.CompleteFlag(cmd, "sort", orders...)
}

// arguments reads the prefix, and checks the flags.
func (v *survey) arguments(cmd *cobra.Command, args []string) (err error) {
	if v.Prefix, err = prefixArg(cmd, args); err != nil {
		return err
	}
	if v.Depth < 0 {
		return cli.Exit(cli.BadArgs, errors.New("`--depth` is negative"))
	}
	if orders := sumOrders(); v.sortBy != "" && !slices.Contains(orders, v.sortBy) {
		return cli.Exit(cli.BadFeature, fmt.Errorf("unknown value %q of --sort: it is one of %s", v.sortBy, strings.Join(orders, ", ")))
	}
	return checkSeparator(v.Separator)
}

// nodes walks through all keys. visit sets the callbacks of the walk, which
// yield nodes by its argument; last, if it is not nil, yields more at the end.
func (v *survey) nodes(ctx context.Context, s *Session, visit func(func(view.Node)), last func(usage.Node, func(view.Node))) view.Usage {
	r := keyspace.Prefix(v.Prefix)
	r.Rev, r.KeysOnly, r.SizesOnly = v.rev, v.keysOnly, true
	revision, all := v.rev, usage.Sum{}
	var nodes iter.Seq2[view.Node, error] = func(yield func(view.Node, error) bool) {
		out := v.sorter(func(n view.Node) bool { return yield(n, nil) })
		visit(out.hand)
		for page, err := range s.Source.Pages(ctx, r) {
			if err != nil {
				if out.more {
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
			if !out.more {
				return
			}
		}
		prefix := v.Finish()
		all = prefix.Sum
		out.end()
		if last != nil {
			last(prefix, out.hand)
		}
	}
	return view.Usage{Nodes: nodes, Revision: func() int64 { return revision }, Human: v.human, Footer: func() string { return v.footer(ctx, s, all) }}
}

// footer says how much of the database are the newest versions of keys, if they
// were all read.
func (v *survey) footer(ctx context.Context, s *Session, all usage.Sum) string {
	if s.InUse == nil || v.Prefix != "" || v.rev != 0 || v.keysOnly {
		return ""
	}
	inUse, err := s.InUse(ctx)
	if err != nil || inUse < all.Bytes {
		return "" // it is only a remark
	}
	return fmt.Sprintf("The database has %s in use: %s are these keys and values; the rest, %.0f%%, is history that is not compacted and the pages themselves.",
		humanize.Bytes(uint64(inUse)), humanize.Bytes(uint64(all.Bytes)), 100*float64(inUse-all.Bytes)/float64(max(inUse, 1)))
}

// sorter hands nodes on as they come, or sorted when they have ended.
type sorter struct {
	yield func(view.Node) bool
	by    func(view.Node) int64 // nil hands them on at once
	held  []view.Node
	more  bool // the receiver wants more
}

func (v *survey) sorter(yield func(view.Node) bool) *sorter {
	s := &sorter{yield: yield, more: true}
	if f, err := measure(v.sortBy); err == nil { // a name is none
		s.by = func(n view.Node) int64 { return f(usage.Sum{Keys: n.Keys, Bytes: n.Bytes, Versions: n.Versions}) }
	}
	return s
}

func (s *sorter) hand(n view.Node) {
	if s.by != nil {
		s.held = append(s.held, n)
		return
	}
	s.more = s.more && s.yield(n)
}

// end hands on what was held, the greatest first; nodes after it are handed on
// as they come.
func (s *sorter) end() {
	if s.by == nil {
		return
	}
	slices.SortStableFunc(s.held, func(a, b view.Node) int { return cmp.Compare(s.by(b), s.by(a)) })
	held := s.held
	s.by, s.held = nil, nil
	for _, n := range held {
		s.hand(n)
	}
}

// viewNode returns a node as views take it.
func viewNode(n usage.Node, above string) view.Node {
	return view.Node{
		Name: n.Name, Label: n.Label(above), Depth: n.Depth, Dir: n.Dir,
		Keys: n.Sum.Keys, Bytes: n.Sum.Bytes, Versions: n.Sum.Versions,
	}
}
