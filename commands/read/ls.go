package read

import (
	"context"
	"errors"
	"iter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"etcdkit/commands/cli"
	"etcdkit/keyspace"
	"etcdkit/keyspace/children"
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
	q := children.Query{}
	cmd := &cobra.Command{
		Use:   "ls [options] [prefix]",
		Short: "List the keys and directories directly below a prefix",
		Long: `List the keys with a prefix like the files and directories of a directory: each
is cut after the first separator that follows the prefix. Most of what is below a
large directory is not read.

A separator directly after the prefix does not count: "ls /app" lists what
"ls /app/" does, and also its neighbors, such as /app2/.`,
		Example: p.example(`  etcdctl ls
  etcdctl ls /registry/
  etcdctl ls services. --separator .
  etcdctl ls /app/ --rev 42 -w json`),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if q.Prefix, err = prefixArg(cmd, args); err != nil {
				return err
			}
			if err := checkSeparator(q.Separator); err != nil {
				return err
			}
			return p.print(cmd, func(ctx context.Context, src keyspace.Source) (printer.View, error) {
				list, err := children.Of(ctx, src, q)
				if err != nil {
					return nil, err
				}
				return view.Children{Header: header(list.Head), Children: viewChildren(list)}, nil
			})
		},
	}
	separatorFlag(cmd.Flags(), &q.Separator)
	cmd.Flags().Int64Var(&q.Rev, "rev", 0, "the keys as they were at this revision")
	return cmd
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
