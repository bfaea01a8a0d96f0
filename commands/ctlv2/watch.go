package ctlv2

import (
	"context"
	"math"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	client "go.etcd.io/etcd/client/v2"

	"etcdkit/commands/cli"
	"etcdkit/printer"
)

// waitOptions say which events of a key count.
type waitOptions struct {
	afterIndex uint64
	waitIndex  uint64
	recursive  bool
}

func (o *waitOptions) addFlags(fs *pflag.FlagSet) {
	fs.Uint64Var(&o.afterIndex, "after-index", 0, "start after this `index`, which may be in the past as far as the server's history goes")
	fs.Uint64Var(&o.waitIndex, "wait-index", 0, "start at this `index`, which is --after-index plus one")
	fs.BoolVarP(&o.recursive, "recursive", "r", false, "also the keys below")
}

// request turns flags into the request.
func (o *waitOptions) request(key string) (*wait, error) {
	w := &wait{key: key, index: o.waitIndex, recursive: o.recursive}
	if o.afterIndex > 0 {
		if o.waitIndex > 0 {
			return nil, badArgs("--after-index and --wait-index both say where to begin: give one")
		}
		if o.afterIndex == math.MaxUint64 {
			return nil, bad("--after-index %d: there is no index behind it", o.afterIndex)
		}
		w.index = o.afterIndex + 1
	}
	return w, nil
}

type watchOptions struct {
	waitOptions
	forever bool
	stream  bool
}

func newWatch(a *app) *cobra.Command {
	o := &watchOptions{}
	cmd := &cobra.Command{
		Use:   "watch [options] <key>",
		Short: "Print the next change of a key, or all of them",
		Long: `Wait for the next change of a key and print its new value; with -f continue
with the next one until the command is interrupted. Changes of directories are
omitted.

--stream gets all changes over one connection: -f sends a request for each, and
can miss one if the server has had a thousand others in between; a stream does
not. If it breaks, it is reopened after the last change printed; it fails when no
member can be reached for five seconds.`,
		Example: `  etcdctl watch /app/mode
  etcdctl watch -f -r /app
  etcdctl -o json watch --stream -r --wait-index 1042 /app`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return badArgs(keyRequired)
			}
			w, err := o.request(args[0])
			if err != nil {
				return err
			}
			return untilInterrupted(cmd, func(ctx context.Context) error { return o.run(ctx, a, w) })
		},
	}
	fs := cmd.Flags()
	o.addFlags(fs)
	fs.BoolVarP(&o.forever, "forever", "f", false, "every change, until interrupted")
	fs.BoolVar(&o.stream, "stream", false, "every change over one connection, until interrupted")
	return cmd
}

// untilInterrupted runs a watch, to which it is the ordinary end to be
// interrupted, also as the background job of a script.
func untilInterrupted(cmd *cobra.Command, watch func(context.Context) error) error {
	ctx, stop := cli.Interruptible(cmd.Context())
	defer stop()
	err := watch(ctx)
	switch {
	case cli.ByInterrupt(ctx):
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return err
}

func (o *watchOptions) run(ctx context.Context, a *app, w *wait) error {
	p, err := a.printer(formatSimple, formatExtended, formatJSON)
	if err != nil {
		return err
	}
	s, err := a.connect(ctx)
	if err != nil {
		return err
	}
	if o.stream {
		return serverFailure(w.follow(ctx, s, func(event *client.Response) error { return o.show(a, p, event) }))
	}
	for {
		event, err := w.next(ctx, s)
		if err != nil {
			return serverFailure(err)
		}
		if err := o.show(a, p, event); err != nil {
			return err
		}
		if !o.forever && !event.Node.Dir {
			return nil
		}
	}
}

// show prints an event. For a recursive watch a line with its key comes first,
// except in a stream of JSON, which contains only JSON.
func (o *watchOptions) show(a *app, p *printer.Printer, event *client.Response) error {
	if event.Node.Dir {
		return nil
	}
	if o.recursive && (!o.stream || a.flags.output != formatJSON) {
		if err := a.print("[" + event.Action + "] " + event.Node.Key + "\n"); err != nil {
			return err
		}
	}
	return p.Print(a.view(event))
}
