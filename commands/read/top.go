package read

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"etcdkit/commands/cli"
	"etcdkit/keyspace/usage"
	"etcdkit/printer"
	"etcdkit/printer/view"
)

// measures are the values of --by, in the order of completion.
func measures() []string { return []string{"bytes", "keys", "versions"} }

func measure(by string) (func(usage.Sum) int64, error) {
	f, ok := map[string]func(usage.Sum) int64{
		"bytes":    func(s usage.Sum) int64 { return s.Bytes },
		"keys":     func(s usage.Sum) int64 { return s.Keys },
		"versions": func(s usage.Sum) int64 { return s.Versions },
	}[by]
	if !ok {
		return nil, cli.Exit(cli.BadFeature, fmt.Errorf("unknown value %q of --by: it is one of %s", by, strings.Join(measures(), ", ")))
	}
	return f, nil
}

// NewTop returns the command that shows the largest keys or prefixes.
func NewTop(p Program) *cobra.Command {
	v, by, n := &survey{}, "", uint(0)
	cmd := &cobra.Command{
		Use:   "top [options] [prefix]",
		Short: "Show the largest keys or prefixes",
		Long: `Show the largest keys, or with --depth the largest prefixes of that many
separators: the bytes of keys and values, the number of keys, and how often they
were written since each was created.`,
		Example: p.example(`  etcdctl top
  etcdctl top /registry/ --depth 2 --by keys
  etcdctl top --by versions -n 20`),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := v.arguments(cmd, args); err != nil {
				return err
			}
			f, err := measure(by)
			if err != nil {
				return err
			}
			top := &usage.Top{N: int(min(n, 1<<20)), By: f}
			return p.print(cmd, func(ctx context.Context, s *Session) (printer.View, error) {
				return v.nodes(ctx, s, func(func(view.Node)) { v.Rank(top) }, func(_ usage.Node, hand func(view.Node)) {
					for _, one := range top.Nodes() {
						hand(viewNode(one, ""))
					}
				}), nil
			})
		},
	}
	v.addFlags(cmd.Flags(), 0)
	cmd.Flags().StringVar(&by, "by", "bytes", "rank by: "+strings.Join(measures(), ", "))
	cmd.Flags().BoolVar(&v.human, "human", false, "sizes with units, such as 1.2 MB")
	cmd.Flags().UintVarP(&n, "number", "n", 10, "number of results to show")
	cli.CompleteFlag(cmd, "by", measures()...)
	return cmd
}
