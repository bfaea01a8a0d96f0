package ctl

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/commands/cli"
	"etcdkit/keyspace/scan"
	"etcdkit/printer"
	"etcdkit/printer/view"
)

type getOptions struct {
	rangeFlags
	consistency                string
	order, sortBy              string
	limit, rev                 int64
	keysOnly, countOnly        bool
	valueOnly, stream          bool
	minCreateRev, maxCreateRev int64
	minModRev, maxModRev       int64
}

func (o *getOptions) addFlags(fs *pflag.FlagSet) {
	fs.StringVar(&o.consistency, "consistency", "l", "l (linearizable) asks the quorum, s (serializable) the endpoint alone")
	fs.StringVar(&o.order, "order", "", "sort `order`: ASCEND or DESCEND")
	fs.StringVar(&o.sortBy, "sort-by", "", "sort by `what`: CREATE, KEY, MODIFY, VALUE or VERSION")
	fs.Int64Var(&o.limit, "limit", 0, "at most this many keys; 0 is all")
	fs.Int64Var(&o.rev, "rev", 0, "the keys as they were at this revision")
	fs.BoolVar(&o.prefix, "prefix", false, "all keys that begin with <key>")
	fs.BoolVar(&o.fromKey, "from-key", false, "all keys from <key> on, in byte order")
	fs.BoolVar(&o.keysOnly, "keys-only", false, "leave the values out")
	fs.BoolVar(&o.countOnly, "count-only", false, "only count; needs -w fields")
	fs.BoolVar(&o.valueOnly, "print-value-only", false, "print values without keys; needs -w simple")
	fs.BoolVar(&o.stream, "stream", false, "ask for the keys as a stream, where the server (3.7) has it")
	fs.Int64Var(&o.minCreateRev, "min-create-rev", 0, "only keys created at or after this revision")
	fs.Int64Var(&o.maxCreateRev, "max-create-rev", 0, "only keys created at or before this revision")
	fs.Int64Var(&o.minModRev, "min-mod-rev", 0, "only keys modified at or after this revision")
	fs.Int64Var(&o.maxModRev, "max-mod-rev", 0, "only keys modified at or before this revision")
}

// request turns arguments into a key and the options of a range request. Where
// several are wrong, the order of the checks decides on the exit code.
func (o *getOptions) request(args []string) (string, []clientv3.OpOption, error) {
	if err := o.validate(args); err != nil {
		return "", nil, err
	}
	serializable, err := serializable(o.consistency)
	if err != nil {
		return "", nil, err
	}
	if err := o.rangeFlags.validate(args); err != nil {
		return "", nil, err
	}
	sort, err := o.sort()
	if err != nil {
		return "", nil, err
	}
	if err := o.validateRevisions(); err != nil {
		return "", nil, err
	}
	key, opts := o.keys(args)
	opts = append(opts, clientv3.WithLimit(o.limit), sort)
	if serializable {
		opts = append(opts, clientv3.WithSerializable())
	}
	if o.keysOnly {
		opts = append(opts, clientv3.WithKeysOnly())
	}
	if o.countOnly {
		opts = append(opts, clientv3.WithCountOnly())
	}
	return key, append(opts, o.revisions()...), nil
}

// op is the request as one operation of a transaction.
func (o *getOptions) op(args []string) (clientv3.Op, error) {
	key, opts, err := o.request(args)
	if err != nil {
		return clientv3.Op{}, err
	}
	return clientv3.OpGet(key, opts...), nil
}

func (o *getOptions) validate(args []string) error {
	switch {
	case len(args) == 0:
		return cli.Exit(cli.BadArgs, errors.New("get command needs one argument as key and an optional argument as range_end"))
	case o.prefix && o.fromKey:
		return cli.Exit(cli.BadArgs, errPrefixFromKey)
	case o.keysOnly && o.countOnly:
		return cli.Exit(cli.BadArgs, errors.New("`--keys-only` and `--count-only` cannot be set at the same time, choose one"))
	}
	return nil
}

func (o *getOptions) validateRevisions() error {
	switch {
	case o.maxCreateRev > 0 && o.minCreateRev > o.maxCreateRev:
		return cli.Exit(cli.BadFeature, fmt.Errorf("getMinCreateRev(=%d) > getMaxCreateRev(=%d)", o.minCreateRev, o.maxCreateRev))
	case o.maxModRev > 0 && o.minModRev > o.maxModRev:
		return cli.Exit(cli.BadFeature, fmt.Errorf("getMinModRev(=%d) > getMaxModRev(=%d)", o.minModRev, o.maxModRev))
	}
	return nil
}

// validateFormat holds the rules that tie flags to an output format.
func (o *getOptions) validateFormat(format string) error {
	switch {
	case o.countOnly && format != "fields":
		return cli.Exit(cli.BadArgs, errors.New("--count-only is only for `--write-out=fields`"))
	case o.valueOnly && format != "simple":
		return cli.Exit(cli.BadArgs, errors.New("print-value-only is only for `--write-out=simple`"))
	}
	return nil
}

func (o *getOptions) sort() (clientv3.OpOption, error) {
	order, ok := map[string]clientv3.SortOrder{
		"": clientv3.SortNone, "ASCEND": clientv3.SortAscend, "DESCEND": clientv3.SortDescend,
	}[strings.ToUpper(o.order)]
	if !ok {
		return nil, cli.Exit(cli.BadFeature, fmt.Errorf("bad sort order %s", o.order))
	}
	target, ok := map[string]clientv3.SortTarget{
		"": clientv3.SortByKey, "KEY": clientv3.SortByKey, "VALUE": clientv3.SortByValue,
		"CREATE": clientv3.SortByCreateRevision, "MODIFY": clientv3.SortByModRevision, "VERSION": clientv3.SortByVersion,
	}[strings.ToUpper(o.sortBy)]
	if !ok {
		return nil, cli.Exit(cli.BadFeature, fmt.Errorf("bad sort target %s", o.sortBy))
	}
	return clientv3.WithSort(target, order), nil
}

func (o *getOptions) revisions() (opts []clientv3.OpOption) {
	for _, r := range []struct {
		rev int64
		opt func(int64) clientv3.OpOption
	}{
		{o.rev, clientv3.WithRev},
		{o.minCreateRev, clientv3.WithMinCreateRev}, {o.maxCreateRev, clientv3.WithMaxCreateRev},
		{o.minModRev, clientv3.WithMinModRev}, {o.maxModRev, clientv3.WithMaxModRev},
	} {
		if r.rev > 0 {
			opts = append(opts, r.opt(r.rev))
		}
	}
	return opts
}

// fetch makes the request, for which there is one answer. A server without the range stream, or a learner,
// is asked the plain way.
func (o *getOptions) fetch(ctx context.Context, s *session, key string, opts []clientv3.OpOption) (*clientv3.GetResponse, error) {
	if !o.stream {
		return s.client.Get(ctx, key, opts...)
	}
	stream, err := s.client.GetStream(ctx, key, opts...)
	if err != nil {
		return nil, err
	}
	resp, err := clientv3.GetStreamToGetResponse(stream)
	if scan.NoStream(err) {
		return s.client.Get(ctx, key, opts...)
	}
	return resp, err
}

func newGet(a *app) *cobra.Command {
	o := &getOptions{}
	cmd := &cobra.Command{
		Use:   "get [options] <key> [range_end]",
		Short: "Read a key or a range of keys",
		Long: `Read a key, the keys from <key> up to but not including <range_end>, those with
a prefix, or those from a key on. A key that does not exist is no error.`,
		Example: `  etcdctl get /app/mode
  etcdctl get /app/ --prefix --keys-only
  etcdctl get /app/a /app/m --limit 10 --order DESCEND
  etcdctl get "" --from-key -w json
  etcdctl get /app/mode --rev 42`,
		RunE: func(cmd *cobra.Command, args []string) error {
			key, opts, err := o.request(args)
			if err != nil {
				return err
			}
			if _, err := a.printer(); err != nil { // before the rules for one that there is
				return err
			}
			if err := o.validateFormat(a.output.Format()); err != nil {
				return err
			}
			if r, ok := o.scannable(key, opts); ok && !a.curl { // of which there is one line
				return o.scan(cmd, a, r)
			}
			return a.request(cmd, func(ctx context.Context, s *session) (printer.View, error) {
				resp, err := o.fetch(ctx, s, key, opts)
				return view.Range{Pages: view.OnePage((*etcdserverpb.RangeResponse)(resp)), ValuesOnly: o.valueOnly}, err
			})
		},
	}
	o.addFlags(cmd.Flags())
	cli.CompleteFlag(cmd, "consistency", "l", "s")
	cli.CompleteFlag(cmd, "order", "ASCEND", "DESCEND")
	cli.CompleteFlag(cmd, "sort-by", "CREATE", "KEY", "MODIFY", "VALUE", "VERSION")
	return curlShowsUnless(a, cmd, withFlag("stream", "the gateway has no range stream"), etcdserverpb.KV_Range_FullMethodName)
}
