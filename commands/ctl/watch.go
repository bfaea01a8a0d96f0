package ctl

import (
	"errors"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/commands/cli"
)

type watchOptions struct {
	interactive    bool
	prefix         bool
	rev            int64
	prevKV         bool
	progressNotify bool
}

func (o *watchOptions) addFlags(fs *pflag.FlagSet) {
	fs.BoolVarP(&o.interactive, "interactive", "i", false, "read what to watch from standard input")
	fs.BoolVar(&o.prefix, "prefix", false, "all keys that begin with <key>")
	fs.Int64Var(&o.rev, "rev", 0, "begin with the events of this revision, not with the next ones")
	fs.BoolVar(&o.prevKV, "prev-kv", false, "print the key-value pair that was there before, too")
	fs.BoolVar(&o.progressNotify, "progress-notify", false, "let the server tell now and then how far it is, when nothing happens")
}

var (
	errWatchPrefix   = errors.New("`range_end` and `--prefix` are mutually exclusive")
	errWatchCanceled = errors.New("watch is canceled by the server")
)

// watch turns keys into a request. Upstream takes a range end only from two
// arguments and watches the first of three alone; so it stays.
func (o *watchOptions) watch(keys []string) (string, []clientv3.OpOption, error) {
	if len(keys) == 0 {
		return "", nil, cli.Exit(cli.BadArgs, errWatchArgs)
	}
	opts := []clientv3.OpOption{clientv3.WithRev(o.rev)}
	if len(keys) == 2 {
		if o.prefix {
			return "", nil, cli.Exit(cli.BadArgs, errWatchPrefix)
		}
		opts = append(opts, clientv3.WithRange(keys[1]))
	}
	if o.prefix {
		opts = append(opts, clientv3.WithPrefix())
	}
	if o.prevKV {
		opts = append(opts, clientv3.WithPrevKV())
	}
	if o.progressNotify {
		opts = append(opts, clientv3.WithProgressNotify())
	}
	return keys[0], opts, nil
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
	key, opts, err := o.watch(w.keys)
	if err != nil {
		return err
	}
	c, err := d.Dial(cmd.Context())
	if err != nil {
		return err
	}
	defer c.Close() //nolint:errcheck // the watch has ended before
	out := &watchPrinter{streams: a.streams, session: &session{client: c, out: p}, past: newPast(a, c)}
	ctx, stop := out.wait(cmd.Context(), a)
	defer stop()
	if err := out.follow(ctx, out.lasting(ctx, key, opts), w.argv); err != nil {
		return err
	}
	return cli.Exit(cli.Interrupted, errWatchCanceled)
}

func newWatch(a *app) *cobra.Command {
	o := &watchOptions{}
	cmd := &cobra.Command{
		Use:   "watch [options] [key or prefix] [range_end] [--] [exec-command arg1 arg2 ...]",
		Short: "Print what happens to keys, as it happens",
		Long: `Print each change of a key, of the keys from <key> up to but not including
<range_end>, or of those with a prefix, until the command is interrupted. The
key can also be in ETCDCTL_WATCH_KEY, and the end in ETCDCTL_WATCH_RANGE_END.

A command after -- is run for each event, one at a time, and finds the event in
ETCD_WATCH_REVISION, ETCD_WATCH_EVENT_TYPE, ETCD_WATCH_KEY and ETCD_WATCH_VALUE;
the last three are quoted as in Go. Where it fails the watch says so on the error
stream and goes on.

With -i each line on standard input is another watch, with flags of its own, or
the word progress, which asks the server how far it is.`,
		Example: `  etcdctl watch /app/ --prefix
  etcdctl watch /app/a /app/m --rev 42 --prev-kv -w json
  etcdctl watch /app/mode -- sh -c 'echo "now $ETCD_WATCH_VALUE"'
  echo 'watch /app/ --prefix' | etcdctl watch -i`,
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd, a, args) },
	}
	o.addFlags(cmd.Flags())
	return curlShowsUnless(a, cmd, manyWatches, pb.Watch_Watch_FullMethodName)
}
