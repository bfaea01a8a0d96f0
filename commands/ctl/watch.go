package ctl

import (
	"errors"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/commands/cli"
	"etcdkit/commands/read"
)

type watchOptions struct {
	read.WatchFlags
	interactive bool
}

func (o *watchOptions) addFlags(fs *pflag.FlagSet) {
	fs.BoolVarP(&o.interactive, "interactive", "i", false, "read watch requests from standard input")
	o.AddFlags(fs)
}

var errWatchCanceled = errors.New("watch is canceled by the server")

func (o *watchOptions) run(cmd *cobra.Command, a *app, decode *read.DecodeFlags, args []string) error {
	env, err := read.WatchEnvironment(a.streams, "ETCDCTL")
	if err != nil {
		return err
	}
	if o.interactive {
		if cmd.Flags().Changed("decode") {
			return cli.Exit(cli.BadArgs, errors.New("`--decode` and `--interactive` cannot be set at the same time"))
		}
		return watchLines(a, cmd, env)
	}
	w, err := env.Split(args, cmd.ArgsLenAtDash())
	if err != nil {
		return err
	}
	d, p, err := a.dialer(cmd)
	if err != nil {
		return err
	}
	what, err := o.Watch(w.Keys)
	if err != nil {
		return err
	}
	decoder, err := decode.Decoder(&a.streams, p.Format())
	if err != nil {
		return err
	}
	c, err := d.Dial(cmd.Context())
	if err != nil {
		return err
	}
	defer c.Close() //nolint:errcheck // the watch has ended before
	out := newWatchPrinter(a, &session{client: c, out: p})
	out.decoder = decoder
	defer out.watcher.Close() //nolint:errcheck // the watch has ended before
	ctx, stop := out.wait(cmd.Context(), a)
	defer stop()
	if err := out.follow(ctx, watchRequest{what: what, untilNow: o.UntilNow, argv: w.Argv}); err != nil {
		return err
	}
	if o.UntilNow && out.complete.Load() {
		return nil
	}
	return cli.Exit(cli.Interrupted, errWatchCanceled)
}

func newWatch(a *app) *cobra.Command {
	o, decode := &watchOptions{}, &read.DecodeFlags{}
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
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd, a, decode, args) },
	}
	o.addFlags(cmd.Flags())
	decode.AddFlags(cmd)
	return curlShowsUnless(a, cmd, manyWatches, pb.Watch_Watch_FullMethodName)
}
