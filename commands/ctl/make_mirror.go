package ctl

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"etcdkit/commands/cli"
	"etcdkit/commands/conn"
	"etcdkit/keyspace/bulk"
	"etcdkit/keyspace/mirror"
	"etcdkit/printer"
	"etcdkit/printer/view"
)

type makeMirrorOptions struct {
	dest               conn.Destination
	prefix, destPrefix string
	noDestPrefix       bool
	rev                int64
	maxTxnOps          uint
	once, deleteExtra  bool
}

func (o *makeMirrorOptions) addFlags(fs *pflag.FlagSet) {
	fs.StringVar(&o.prefix, "prefix", "", "mirror the keys that begin with this `prefix`")
	fs.StringVar(&o.destPrefix, "dest-prefix", "", "prefix at the destination, if different from --prefix")
	fs.BoolVar(&o.noDestPrefix, "no-dest-prefix", false, "remove --prefix from keys at the destination")
	fs.Int64Var(&o.rev, "rev", 0, "start with the changes of this `revision`, without a first copy")
	fs.UintVar(&o.maxTxnOps, "max-txn-ops", bulk.DefaultOps, "maximum number of operations in one transaction")
	fs.BoolVar(&o.once, "once", false, "exit once everything is copied, and print the number of changes")
	fs.BoolVar(&o.deleteExtra, "delete-extra", false, "delete keys with the destination's prefix that the source does not have")
	o.dest.AddTo(fs)
}

// validate checks the flags against each other.
func (o *makeMirrorOptions) validate() error {
	switch {
	case o.noDestPrefix && o.destPrefix != "":
		return cli.Exit(cli.BadArgs, errors.New("`--dest-prefix` and `--no-dest-prefix` cannot be set at the same time, choose one"))
	case o.deleteExtra && o.rev > 1:
		return cli.Exit(cli.BadArgs, errors.New("`--delete-extra` and `--rev` cannot be set at the same time: without a first copy nothing is known to be extra"))
	}
	return nil
}

// mirror returns the options as the mirror takes them.
func (o *makeMirrorOptions) mirror() mirror.Options {
	m := mirror.Options{
		Prefix: o.prefix, DestPrefix: o.destPrefix, Rev: o.rev, Once: o.once, DeleteExtra: o.deleteExtra,
		Limits: bulk.Limits{Ops: int(min(o.maxTxnOps, 1<<20))},
	}
	if o.destPrefix == "" && !o.noDestPrefix {
		m.DestPrefix = o.prefix
	}
	return m
}

// mirrorReport is how often the number of changes is printed.
const mirrorReport = 30 * time.Second

func newMakeMirror(a *app) *cobra.Command {
	o := &makeMirrorOptions{}
	cmd := &cobra.Command{
		Use:   "make-mirror [options] <destination>",
		Short: "Mirror keys to another cluster",
		Long: `Copy all keys, or those with a prefix, to the cluster that the endpoint
<destination> belongs to, and then every change, until interrupted. The number
of changes made is printed every 30 seconds.

A key with a lease gets a lease at the destination, which ends with that of the
source. After a lost connection the mirror resumes where it stopped. If the
source has been compacted meanwhile, all keys are copied again, and keys that the
source no longer has are deleted.`,
		Example: `  etcdctl make-mirror 10.0.1.7:2379
  etcdctl make-mirror --prefix /app/ --dest-prefix /copy/app/ https://10.0.1.7:2379 --dest-cacert ca.crt
  etcdctl make-mirror --prefix /app/ --once --delete-extra 10.0.1.7:2379`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return cli.Exit(cli.BadArgs, errors.New("make-mirror takes one destination argument"))
			}
			if _, err := a.printer(); err != nil {
				return err
			}
			if err := o.validate(); err != nil {
				return err
			}
			return o.run(cmd, a, args[0])
		},
	}
	o.addFlags(cmd.Flags())
	return cmd
}

// run logs in at the destination first, as upstream does: that is where it asks
// for a password first.
func (o *makeMirrorOptions) run(cmd *cobra.Command, a *app, endpoint string) error {
	ctx := cmd.Context()
	d, err := a.conn.DialerTo(ctx, a.streams, []string{endpoint}, &o.dest)
	if err != nil {
		return err
	}
	dest, err := d.FailFast().Dial(ctx)
	if err != nil {
		return err
	}
	defer dest.Close() //nolint:errcheck // nothing is under way any more
	source, err := a.open(cmd)
	if err != nil {
		return err
	}
	defer source.client.Close() //nolint:errcheck // nothing is under way any more

	bar := a.streams.Progress("copied", cli.Items)
	defer bar.Done()
	opts := o.mirror()
	opts.Timeout, opts.MaxRecvBytes, opts.Note, opts.Copied = a.conn.Timeout(), a.conn.MaxRecvBytes(), bar.Line, bar.Set
	m := mirror.New(mirror.Cluster{Client: source.client.Client, Explain: source.client.Explain},
		mirror.Cluster{Client: dest.Client, Explain: dest.Explain}, opts)

	tick := time.NewTicker(mirrorReport)
	defer tick.Stop()
	if err := runPrinting(ctx, m, source.out, tick.C); err != nil {
		return err
	}
	bar.Done()
	return source.out.Print(total(m))
}

// total is the line of how many changes a mirror has made, bare as upstream has
// it.
func total(m *mirror.Mirror) view.Facts {
	return view.Facts{
		Line:  view.Line(strconv.FormatInt(m.Total(), 10)),
		Known: []view.Fact{{Name: "changes", Value: m.Total()}},
	}
}

// runPrinting runs the mirror and prints its total at each tick.
func runPrinting(ctx context.Context, m *mirror.Mirror, p *printer.Printer, tick <-chan time.Time) error {
	ctx, cancel := context.WithCancelCause(ctx)
	var printing sync.WaitGroup
	printing.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick:
				if err := p.Print(total(m)); err != nil {
					cancel(err)
				}
			}
		}
	})
	err := m.Run(ctx)
	cancel(nil)
	printing.Wait()
	return err
}
