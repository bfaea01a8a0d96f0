package ctl

import (
	"errors"
	"iter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"etcdkit/commands/cli"
	"etcdkit/keyspace/children"
	"etcdkit/printer/view"
)

// separatorFlag adds the flag of what separates the parts of a key.
func separatorFlag(fs *pflag.FlagSet, separator *string) {
	fs.StringVar(separator, "separator", "/", "what separates the parts of a key")
}

func checkSeparator(separator string) error {
	if separator == "" {
		return cli.Exit(cli.BadArgs, errors.New("`--separator` is empty"))
	}
	return nil
}

func newLs(a *app) *cobra.Command {
	q := children.Query{}
	cmd := &cobra.Command{
		Use:   "ls [options] [prefix]",
		Short: "List what is right below a prefix",
		Long: `List the keys with a prefix as the files and directories of a directory: each
up to the first separator behind the prefix. What lies below a directory is not
read, so that even one of a million keys costs no more than its name.

A separator with which the rest of a key begins does not count: "ls /app" lists
what "ls /app/" does, and what is beside it, such as /app2/.`,
		Example: `  etcdctl ls
  etcdctl ls /registry/
  etcdctl ls services. --separator .
  etcdctl ls /app/ --rev 42 -w json`,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if q.Prefix, err = prefixArg(cmd, args); err != nil {
				return err
			}
			if err := checkSeparator(q.Separator); err != nil {
				return err
			}
			s, err := a.open(cmd)
			if err != nil {
				return err
			}
			defer s.client.Close() //nolint:errcheck // all has been read
			list, err := children.Lister{Reader: newReader(a, s)}.List(cmd.Context(), q)
			if err != nil {
				return err
			}
			return s.out.Print(view.Children{Header: list.Header, Children: viewChildren(list.Children)})
		},
	}
	separatorFlag(cmd.Flags(), &q.Separator)
	cmd.Flags().Int64Var(&q.Rev, "rev", 0, "the keys as they were at this revision")
	return cmd
}

// viewChildren are the children as views have them.
func viewChildren(all iter.Seq2[children.Child, error]) iter.Seq2[view.Child, error] {
	return func(yield func(view.Child, error) bool) {
		for c, err := range all {
			if !yield(view.Child{Name: c.Name, Dir: c.Dir}, err) {
				return
			}
		}
	}
}
