package read

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"etcdkit/commands/cli"
	"etcdkit/keyspace"
	"etcdkit/keyspace/children"
	"etcdkit/keyspace/usage"
	"etcdkit/printer"
	"etcdkit/printer/view"
)

// separatorFlag adds the flag for the separator between the parts of a key.
func separatorFlag(fs *pflag.FlagSet, separator *string) {
	fs.StringVar(separator, "separator", "/", "separator between the parts of a key")
}

func checkSeparator(separator string) error {
	if separator == "" {
		return cli.Exit(cli.BadArgs, errors.New("`--separator` is empty"))
	}
	return nil
}

// NewLs returns the command that lists the children of a prefix.
func NewLs(p Program) *cobra.Command {
	o := &lsOptions{}
	cmd := &cobra.Command{
		Use:   "ls [options] [prefix]",
		Short: "List the keys and directories directly below a prefix",
		Long: `List the keys with a prefix like the files and directories of a directory: each
is cut after the first separator that follows the prefix. Most of what is below a
large directory is not read.

A separator directly after the prefix does not count: "ls /app" lists what
"ls /app/" does, and also its neighbors, such as /app2/.

With -l each has its size, number of keys and number of changes, as in du; with -R
all keys and directories below the prefix are listed. Both read everything below it.`,
		Example: p.example(`  etcdctl ls
  etcdctl ls /registry/
  etcdctl ls services. --separator .
  etcdctl ls -l /app/ --sort bytes --human
  etcdctl ls -R /app/
  etcdctl ls /app/ --rev 42 -w json`),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.arguments(cmd, args); err != nil {
				return err
			}
			return p.print(cmd, o.list)
		},
	}
	o.addFlags(cmd)
	return cmd
}

// lsOptions are the flags of ls. The walk is used by -l and -R, which read all
// keys.
type lsOptions struct {
	survey
	long, recursive bool
}

func (o *lsOptions) addFlags(cmd *cobra.Command) {
	fs := cmd.Flags()
	separatorFlag(fs, &o.Separator)
	fs.Int64Var(&o.rev, "rev", 0, "the keys as they were at this revision")
	fs.BoolVarP(&o.long, "long", "l", false, "show bytes, keys and versions of each")
	fs.BoolVarP(&o.recursive, "recursive", "R", false, "list all keys and directories below the prefix")
	o.addSumFlags(cmd)
}

// arguments reads the prefix, and checks the flags.
func (o *lsOptions) arguments(cmd *cobra.Command, args []string) error {
	for _, name := range []string{"human", "sort"} {
		if cmd.Flags().Changed(name) && !o.long {
			return cli.Exit(cli.BadArgs, fmt.Errorf("--%s goes with -l, which shows sizes", name))
		}
	}
	if !o.recursive {
		o.Depth = 1
	}
	return o.survey.arguments(cmd, args)
}

func (o *lsOptions) list(ctx context.Context, s *Session) (printer.View, error) {
	switch {
	case o.long:
		return o.nodes(ctx, s, o.sizes, nil), nil
	case o.recursive:
		return o.all(ctx, s.Source)
	}
	list, err := children.Of(ctx, s.Source, children.Query{Prefix: o.Prefix, Separator: o.Separator, Rev: o.rev})
	if err != nil {
		return nil, err
	}
	return view.Children{Header: header(list.Head), Children: viewChildren(list)}, nil
}

// sizes yields keys, and directories after their contents.
func (o *lsOptions) sizes(hand func(view.Node)) {
	o.Key = func(n usage.Node, in string) { hand(viewNode(n, in)) }
	o.End = o.Key
}

// all lists directories before their contents.
func (o *lsOptions) all(ctx context.Context, src keyspace.Source) (printer.View, error) {
	r := keyspace.Prefix(o.Prefix)
	r.Rev, r.KeysOnly = o.rev, true
	next, stop := iter.Pull2(src.Pages(ctx, r))
	page, err, ok := next()
	if !ok || err != nil {
		stop()
		return nil, keyspace.Unbroken(err)
	}
	list := func(yield func(view.Child, error) bool) {
		defer stop()
		more := true
		hand := func(n usage.Node) { more = more && yield(view.Child{Name: n.Name, Dir: n.Dir}, nil) }
		o.Begin = hand
		o.Key = func(n usage.Node, _ string) { hand(n) }
		for ; ok && more; page, err, ok = next() {
			if err != nil {
				yield(view.Child{}, keyspace.Unbroken(err))
				return
			}
			for _, kv := range page.KVs {
				o.Add(kv)
			}
		}
	}
	return view.Children{Header: header(page.Head), Children: list}, nil
}

// viewChildren returns the children as views take them, and closes the list after
// the last.
func viewChildren(list children.List) iter.Seq2[view.Child, error] {
	return func(yield func(view.Child, error) bool) {
		defer list.Close()
		for c, err := range list.Children {
			if !yield(view.Child{Name: c.Name, Dir: c.Dir}, err) {
				return
			}
		}
	}
}
