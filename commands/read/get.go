package read

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"etcdkit/commands/cli"
	"etcdkit/keyspace"
	"etcdkit/printer"
	"etcdkit/printer/view"
)

// GetOptions are the flags of get, in a transaction as well.
type GetOptions struct {
	RangeFlags
	consistency                string
	order, sortBy              string
	limit, rev                 int64
	keysOnly, countOnly        bool
	valueOnly, stream          bool
	minCreateRev, maxCreateRev int64
	minModRev, maxModRev       int64
}

// AddFlags adds the flags to a set.
func (o *GetOptions) AddFlags(fs *pflag.FlagSet) {
	fs.StringVar(&o.consistency, "consistency", "l", "l (linearizable) asks the quorum, s (serializable) the endpoint alone")
	fs.StringVar(&o.order, "order", "", "sort `order`: ASCEND or DESCEND")
	fs.StringVar(&o.sortBy, "sort-by", "", "sort by this `field`: CREATE, KEY, MODIFY, VALUE or VERSION")
	fs.Int64Var(&o.limit, "limit", 0, "maximum number of keys; 0 is all")
	fs.Int64Var(&o.rev, "rev", 0, "the keys as they were at this revision")
	fs.BoolVar(&o.Prefix, "prefix", false, "all keys that begin with <key>")
	fs.BoolVar(&o.FromKey, "from-key", false, "all keys from <key> on, in byte order")
	fs.BoolVar(&o.keysOnly, "keys-only", false, "leave the values out")
	fs.BoolVar(&o.countOnly, "count-only", false, "only count; requires -w fields")
	fs.BoolVar(&o.valueOnly, "print-value-only", false, "print values without keys; requires -w simple")
	fs.BoolVar(&o.stream, "stream", false, "read the keys as a stream, if the server supports it (3.7)")
	fs.Int64Var(&o.minCreateRev, "min-create-rev", 0, "only keys created at or after this revision")
	fs.Int64Var(&o.maxCreateRev, "max-create-rev", 0, "only keys created at or before this revision")
	fs.Int64Var(&o.minModRev, "min-mod-rev", 0, "only keys modified at or after this revision")
	fs.Int64Var(&o.maxModRev, "max-mod-rev", 0, "only keys modified at or before this revision")
}

// Range returns the range that arguments and flags ask for. If several are wrong,
// the order of the checks decides on the exit code.
func (o *GetOptions) Range(args []string) (r keyspace.Range, err error) {
	if err := o.validate(args); err != nil {
		return r, err
	}
	serializable, err := Serializable(o.consistency)
	if err != nil {
		return r, err
	}
	if err := o.Validate(args); err != nil {
		return r, err
	}
	sort, err := o.sort()
	if err != nil {
		return r, err
	}
	if err := o.validateRevisions(); err != nil {
		return r, err
	}
	r = o.RangeFlags.Range(args)
	r.Rev, r.Limit, r.Sort, r.Serializable, r.KeysOnly, r.CountOnly = max(0, o.rev), o.limit, sort, serializable, o.keysOnly, o.countOnly
	r.Filter = keyspace.Filter{
		MinCreate: max(0, o.minCreateRev), MaxCreate: max(0, o.maxCreateRev), MinMod: max(0, o.minModRev), MaxMod: max(0, o.maxModRev),
	}
	return r, nil
}

func (o *GetOptions) validate(args []string) error {
	switch {
	case len(args) == 0:
		return cli.Exit(cli.BadArgs, errors.New("get command needs one argument as key and an optional argument as range_end"))
	case o.Prefix && o.FromKey:
		return cli.Exit(cli.BadArgs, errPrefixFromKey)
	case o.keysOnly && o.countOnly:
		return cli.Exit(cli.BadArgs, errors.New("`--keys-only` and `--count-only` cannot be set at the same time, choose one"))
	}
	return nil
}

func (o *GetOptions) validateRevisions() error {
	switch {
	case o.maxCreateRev > 0 && o.minCreateRev > o.maxCreateRev:
		return cli.Exit(cli.BadFeature, fmt.Errorf("getMinCreateRev(=%d) > getMaxCreateRev(=%d)", o.minCreateRev, o.maxCreateRev))
	case o.maxModRev > 0 && o.minModRev > o.maxModRev:
		return cli.Exit(cli.BadFeature, fmt.Errorf("getMinModRev(=%d) > getMaxModRev(=%d)", o.minModRev, o.maxModRev))
	}
	return nil
}

// validateFormat holds the rules that tie flags to an output format.
func (o *GetOptions) validateFormat(format string) error {
	switch {
	case o.countOnly && format != "fields":
		return cli.Exit(cli.BadArgs, errors.New("--count-only is only for `--write-out=fields`"))
	case o.valueOnly && format != "simple":
		return cli.Exit(cli.BadArgs, errors.New("print-value-only is only for `--write-out=simple`"))
	}
	return nil
}

func (o *GetOptions) sort() (s keyspace.Sort, err error) {
	order, ok := map[string]keyspace.Order{
		"": keyspace.Unordered, "ASCEND": keyspace.Ascending, "DESCEND": keyspace.Descending,
	}[strings.ToUpper(o.order)]
	if !ok {
		return s, cli.Exit(cli.BadFeature, fmt.Errorf("bad sort order %s: use ASCEND or DESCEND", o.order))
	}
	by, ok := map[string]keyspace.SortBy{
		"": keyspace.ByKey, "KEY": keyspace.ByKey, "VALUE": keyspace.ByValue,
		"CREATE": keyspace.ByCreate, "MODIFY": keyspace.ByMod, "VERSION": keyspace.ByVersion,
	}[strings.ToUpper(o.sortBy)]
	if !ok {
		return s, cli.Exit(cli.BadFeature, fmt.Errorf("bad sort target %s: use CREATE, KEY, MODIFY, VALUE or VERSION", o.sortBy))
	}
	return keyspace.Sort{By: by, Order: order}, nil
}

// NewGet returns the command that reads a key or a range.
func NewGet(p Program) *cobra.Command {
	o, decode := &GetOptions{}, &DecodeFlags{}
	cmd := &cobra.Command{
		Use:   "get [options] <key> [range_end]",
		Short: "Read a key or a range of keys",
		Long: `Read a key, the keys from <key> up to but not including <range_end>, those with
a prefix, or those from a key on. A key that does not exist is no error.

With --decode kube, values that Kubernetes has stored are printed as YAML or JSON;
with -w json the object takes the place of the base64. The data of Secrets is
masked unless --show-secrets is given.`,
		Example: p.example(`  etcdctl get /app/mode
  etcdctl get /app/ --prefix --keys-only
  etcdctl get /app/a /app/m --limit 10 --order DESCEND
  etcdctl get "" --from-key -w json
  etcdctl get /app/mode --rev 42
  etcdctl get /registry/pods/ --prefix --decode kube
  etcdctl get /registry/deployments/web/shop --decode kube --clean --print-value-only`),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := o.Range(args)
			if err != nil {
				return err
			}
			out, err := p.Printer(p.Streams.Out) // before the rules that tie flags to a format
			if err != nil {
				return err
			}
			if err := o.validateFormat(out.Format()); err != nil {
				return err
			}
			d, err := decode.Decoder(p.Streams, out.Format())
			if err != nil {
				return err
			}
			return p.print(cmd, func(ctx context.Context, s *Session) (printer.View, error) {
				return view.Range{Pages: pages(s.Source.Pages(ctx, r)), ValuesOnly: o.valueOnly, Decoder: d}, nil
			})
		},
	}
	o.AddFlags(cmd.Flags())
	decode.AddFlags(cmd)
	cli.CompleteFlag(cmd, "consistency", "l", "s")
	cli.CompleteFlag(cmd, "order", "ASCEND", "DESCEND")
	cli.CompleteFlag(cmd, "sort-by", "CREATE", "KEY", "MODIFY", "VALUE", "VERSION")
	return cmd
}
