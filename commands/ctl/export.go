package ctl

import (
	"bufio"
	"context"
	"errors"
	"io"
	"sync"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/commands/cli"
	"etcdkit/internal/output"
	"etcdkit/keyspace/bulk"
	"etcdkit/keyspace/lines"
	"etcdkit/keyspace/retry"
	"etcdkit/keyspace/scan"
	"etcdkit/printer/view"
)

type exportOptions struct {
	output                  string
	rev                     int64
	withRevisions, noLeases bool
}

func (o *exportOptions) addFlags(fs *pflag.FlagSet) {
	fs.StringVarP(&o.output, "output", "o", "", "write to this `file`, which is whole or not there; .zst compresses it")
	fs.Int64Var(&o.rev, "rev", 0, "the keys as they were at this revision")
	fs.BoolVar(&o.withRevisions, "with-revisions", false, "say for each key when it was created and modified, and its version")
	fs.BoolVar(&o.noLeases, "no-leases", false, "leave out the leases of the keys")
}

func newExport(a *app) *cobra.Command {
	o := &exportOptions{}
	cmd := &cobra.Command{
		Use:   "export [options] [prefix]",
		Short: "Write all keys, or those with a prefix, as JSON lines",
		Long: `Write all keys, or those with a prefix, as they are at one revision: a line of
JSON for each, with key and value, as text or, where that is not UTF-8, in
base64, and where it has a lease its id and the seconds that it has left.
"etcdctl import" reads what this writes.`,
		Example: `  etcdctl export > all.jsonl
  etcdctl export /app/ --output app.jsonl.zst
  etcdctl export /app/ --rev 42 --with-revisions`,
		RunE: func(cmd *cobra.Command, args []string) error {
			prefix, err := prefixArg(cmd, args)
			if err != nil {
				return err
			}
			s, err := a.open(cmd)
			if err != nil {
				return err
			}
			defer s.client.Close() //nolint:errcheck // all has been read
			key, end := prefixRange(prefix)
			x := &export{exportOptions: o, app: a, session: s, span: scan.Range{Key: key, End: end, Rev: o.rev}}
			if o.output == "" {
				_, err := x.write(cmd.Context(), a.streams.Out)
				return err
			}
			return x.toFile(cmd.Context())
		},
	}
	o.addFlags(cmd.Flags())
	return cmd
}

// export is one run of the command.
type export struct {
	*exportOptions
	app     *app
	session *session
	span    scan.Range
	leases  map[int64]int64 // seconds left, by id; as many as there are leases
}

// toFile writes to the file of --output, and prints what it holds.
func (x *export) toFile(ctx context.Context) error {
	f, err := output.Create(ctx, x.output)
	if err != nil {
		return cli.Exit(cli.IO, err)
	}
	onStdout := f.Same(x.app.streams.Out)
	sum, err := x.compressed(ctx, f)
	if err == nil {
		err = cli.Exit(cli.IO, f.Commit())
	}
	if broken := (*scan.Broken)(nil); errors.As(err, &broken) {
		err = broken.Err // of a file nothing is there
	}
	if err := errors.Join(err, f.Abort()); err != nil {
		return err
	}
	sum.Path = x.output
	if onStdout { // where the pairs are
		p, err := x.app.output.Printer(x.app.streams.Err)
		if err != nil {
			return err
		}
		return p.Print(sum)
	}
	return x.session.out.Print(sum)
}

// compressed writes to f what its name calls for.
func (x *export) compressed(ctx context.Context, f io.Writer) (view.Export, error) {
	if !lines.Compressed(x.output) {
		return x.write(ctx, f)
	}
	z, err := lines.Compress(f)
	if err != nil {
		return view.Export{}, err
	}
	sum, err := x.write(ctx, z)
	return sum, errors.Join(err, z.Close())
}

// write writes the lines, and counts them.
func (x *export) write(ctx context.Context, w io.Writer) (view.Export, error) {
	bar := x.app.streams.Progress("exported", cli.Items)
	defer bar.Done()
	x.leases = make(map[int64]int64)
	out, sum, line := bufio.NewWriterSize(w, 64<<10), view.Export{}, []byte(nil)
	for page, err := range newReader(x.app, x.session).Pages(ctx, x.span) {
		if err == nil && !x.noLeases {
			err = x.ask(ctx, page.GetKvs())
		}
		if err != nil {
			return sum, errors.Join(err, out.Flush())
		}
		for _, kv := range page.GetKvs() {
			line = lines.Append(line[:0], x.pair(kv))
			if _, err := out.Write(line); err != nil {
				return sum, cli.Exit(cli.IO, err)
			}
		}
		sum.Pairs += int64(len(page.GetKvs()))
		sum.Revision = page.GetHeader().GetRevision()
		if x.output != "" {
			bar.Set(sum.Pairs, 0)
		}
	}
	if x.rev != 0 {
		sum.Revision = x.rev
	}
	return sum, cli.Exit(cli.IO, out.Flush())
}

func (x *export) pair(kv *mvccpb.KeyValue) lines.Pair {
	p := lines.Pair{Key: kv.GetKey(), Value: kv.GetValue()}
	if x.withRevisions {
		p.Created, p.Modified, p.Version = kv.GetCreateRevision(), kv.GetModRevision(), kv.GetVersion()
	}
	if ttl := x.leases[kv.GetLease()]; ttl > 0 {
		p.Lease, p.TTL = kv.GetLease(), ttl
	}
	return p
}

// leaseCalls is how many leases are asked for at a time.
const leaseCalls = 16

// ask asks for the leases of a page that are not known yet.
func (x *export) ask(ctx context.Context, kvs []*mvccpb.KeyValue) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	retrier := &retry.Retrier{Timeout: x.app.conn.Timeout(), Patience: 2 * x.app.conn.Timeout(), Explain: x.session.client.Explain}
	var mu sync.Mutex
	var calls sync.WaitGroup
	free := make(chan struct{}, leaseCalls)
	for _, kv := range kvs {
		id := kv.GetLease()
		mu.Lock()
		_, known := x.leases[id]
		x.leases[id] = max(x.leases[id], 0)
		mu.Unlock()
		if id == 0 || known {
			continue
		}
		free <- struct{}{}
		calls.Go(func() {
			defer func() { <-free }()
			left, err := bulk.SecondsLeft(ctx, x.session.client, retrier, clientv3.LeaseID(id))
			if err != nil {
				cancel(err)
			}
			mu.Lock()
			defer mu.Unlock()
			x.leases[id] = max(1, left) // one that has ended takes its keys with it
		})
	}
	calls.Wait()
	return context.Cause(ctx)
}
