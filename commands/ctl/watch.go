package ctl

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/commands/cli"
	"etcdkit/keyspace"
	"etcdkit/keyspace/live"
)

type watchOptions struct {
	interactive    bool
	prefix         bool
	rev            int64
	prevKV         bool
	progressNotify bool
	filter         string
	untilNow       bool
}

func (o *watchOptions) addFlags(fs *pflag.FlagSet) {
	fs.BoolVarP(&o.interactive, "interactive", "i", false, "read watch requests from standard input")
	fs.BoolVar(&o.prefix, "prefix", false, "all keys that begin with <key>")
	fs.Int64Var(&o.rev, "rev", 0, "start watching at this revision")
	fs.BoolVar(&o.prevKV, "prev-kv", false, "print the previous key-value pair too")
	fs.BoolVar(&o.progressNotify, "progress-notify", false, "make the server report its revision from time to time while there are no events")
	fs.StringVar(&o.filter, "filter", "", "print only these `events`: put or delete")
	fs.BoolVar(&o.untilNow, "until-now", false, "print the events so far, from --rev or else from the oldest that the server has, and exit")
}

var (
	errWatchPrefix   = errors.New("`range_end` and `--prefix` are mutually exclusive")
	errWatchCanceled = errors.New("watch is canceled by the server")
)

// watch turns keys into a request. Upstream takes a range end only from two
// arguments and watches the first of three alone; so it stays.
func (o *watchOptions) watch(keys []string) (live.Watch, error) {
	if len(keys) == 0 {
		return live.Watch{}, cli.Exit(cli.BadArgs, errWatchArgs)
	}
	if len(keys) == 2 && o.prefix {
		return live.Watch{}, cli.Exit(cli.BadArgs, errWatchPrefix)
	}
	r := keyspace.Range{Key: keys[0]}
	switch {
	case len(keys) == 2:
		r.End = keys[1]
	case o.prefix:
		r = keyspace.Prefix(keys[0])
	}
	w := live.Watch{Key: r.Key, End: r.End, From: o.rev, PrevKV: o.prevKV, ProgressNotify: o.progressNotify}
	switch o.filter {
	case "":
	case "put":
		w.NoDelete = true
	case "delete":
		w.NoPut = true
	default:
		return w, cli.Exit(cli.BadArgs, fmt.Errorf("unknown value %q of --filter: use one of put, delete", o.filter))
	}
	return w, nil
}

func (o *watchOptions) run(cmd *cobra.Command, a *app, args []string) error {
	env, err := readWatchEnv(a.streams)
	if err != nil {
		return err
	}
	if o.interactive {
		return watchLines(a, cmd, env)
	}
	w, err := env.split(args, cmd.ArgsLenAtDash())
	if err != nil {
		return err
	}
	d, p, err := a.dialer(cmd)
	if err != nil {
		return err
	}
	what, err := o.watch(w.keys)
	if err != nil {
		return err
	}
	c, err := d.Dial(cmd.Context())
	if err != nil {
		return err
	}
	defer c.Close() //nolint:errcheck // the watch has ended before
	out := newWatchPrinter(a, &session{client: c, out: p})
	defer out.watcher.Close() //nolint:errcheck // the watch has ended before
	ctx, stop := out.wait(cmd.Context(), a)
	defer stop()
	if err := out.follow(ctx, watchRequest{what: what, untilNow: o.untilNow, argv: w.argv}); err != nil {
		return err
	}
	if o.untilNow && out.complete.Load() {
		return nil
	}
	return cli.Exit(cli.Interrupted, errWatchCanceled)
}

func newWatch(a *app) *cobra.Command {
	o := &watchOptions{}
	cmd := &cobra.Command{
		Use:   "watch [options] [key or prefix] [range_end] [--] [exec-command arg1 arg2 ...]",
		Short: "Print changes as they happen",
		Long: `Print each change of a key, of the keys from <key> up to but not including
<range_end>, or of those with a prefix, until the command is interrupted. The
key can also be in ETCDCTL_WATCH_KEY, and the end in ETCDCTL_WATCH_RANGE_END.

A command after -- is run for each event, one at a time. ETCD_WATCH_REVISION,
ETCD_WATCH_EVENT_TYPE, ETCD_WATCH_KEY and ETCD_WATCH_VALUE describe the event; the
last three are quoted as in Go. If the command fails, the watch prints a message
on standard error and continues.

With -i each line of standard input starts another watch, with flags of its own,
or is the word progress, which asks the server for its revision.`,
		Example: `  etcdctl watch /app/ --prefix
  etcdctl watch /app/a /app/m --rev 42 --prev-kv -w json
  etcdctl watch /app/ --prefix --filter delete
  etcdctl watch /app/mode --until-now
  etcdctl watch /app/mode -- sh -c 'echo "now $ETCD_WATCH_VALUE"'
  echo 'watch /app/ --prefix' | etcdctl watch -i`,
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd, a, args) },
	}
	o.addFlags(cmd.Flags())
	return curlShowsUnless(a, cmd, manyWatches, pb.Watch_Watch_FullMethodName)
}
