package read

import (
	"bufio"
	"context"
	"errors"
	"io"
	"maps"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.etcd.io/etcd/api/v3/mvccpb"

	"etcdkit/commands/cli"
	"etcdkit/internal/output"
	"etcdkit/keyspace"
	"etcdkit/keyspace/fence/fencekey"
	"etcdkit/keyspace/lines"
	"etcdkit/printer/view"
)

type exportOptions struct {
	output                  string
	rev                     int64
	withRevisions, noLeases bool
}

func (o *exportOptions) addFlags(fs *pflag.FlagSet) {
	fs.StringVarP(&o.output, "output", "o", "", "write to this `file`, which is created only once it is complete; .zst compresses it")
	fs.Int64Var(&o.rev, "rev", 0, "the keys as they were at this revision")
	fs.BoolVar(&o.withRevisions, "with-revisions", false, "include the create and mod revision and the version of each key")
	fs.BoolVar(&o.noLeases, "no-leases", false, "leave out the leases of the keys")
}

// NewExport returns the command that writes pairs as JSON lines.
func NewExport(p Program) *cobra.Command {
	o := &exportOptions{}
	cmd := &cobra.Command{
		Use:   "export [options] [prefix]",
		Short: "Write all keys, or those with a prefix, as JSON lines",
		Long: `Write all keys, or those with a prefix, as of one revision: a line of JSON for
each, with key and value, as text or, if that is not UTF-8, in base64, and for a
key with a lease the id of the lease and the seconds that it has left.
"etcdctl import" reads this format.`,
		Example: p.example(`  etcdctl export > all.jsonl
  etcdctl export /app/ --output app.jsonl.zst
  etcdctl export /app/ --rev 42 --with-revisions`),
		RunE: func(cmd *cobra.Command, args []string) error {
			prefix, err := prefixArg(cmd, args)
			if err != nil {
				return err
			}
			s, err := p.Open(cmd)
			if err != nil {
				return err
			}
			defer s.Close() //nolint:errcheck // everything has been read
			r := keyspace.Prefix(prefix)
			r.Rev = o.rev
			x := &export{exportOptions: o, program: p, session: s, span: r}
			if o.output == "" {
				_, err := x.write(cmd.Context(), p.Streams.Out)
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
	program Program
	session *Session
	span    keyspace.Range
	leases  map[int64]int64 // seconds left, by id; as many as there are leases
}

// toFile writes to the file of --output, and prints a description of it.
func (x *export) toFile(ctx context.Context) error {
	f, err := output.Create(ctx, x.output)
	if err != nil {
		return cli.Exit(cli.IO, err)
	}
	onStdout := f.Same(x.program.Streams.Out)
	sum, err := x.compressed(ctx, f)
	if err == nil {
		err = cli.Exit(cli.IO, f.Commit())
	}
	err = keyspace.Unbroken(err) // nothing remains of a file that is not complete
	if err := errors.Join(err, f.Abort()); err != nil {
		return err
	}
	sum.Path = x.output
	if onStdout { // where the pairs are
		p, err := x.program.Printer(x.program.Streams.Err)
		if err != nil {
			return err
		}
		return p.Print(sum)
	}
	return x.session.Out.Print(sum)
}

// compressed writes to f, compressed if its name asks for it.
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
	bar := x.program.Streams.Progress("exported", cli.Items)
	defer bar.Done()
	x.leases = make(map[int64]int64)
	out, sum, line := bufio.NewWriterSize(w, 64<<10), view.Export{}, []byte(nil)
	for page, err := range x.session.Source.Pages(ctx, x.span) {
		var kvs []*mvccpb.KeyValue
		if err == nil {
			kvs = slices.DeleteFunc(page.KVs, fencekey.Is)
		}
		if err == nil && !x.noLeases {
			err = x.ask(ctx, kvs)
		}
		if err != nil {
			return sum, errors.Join(err, out.Flush())
		}
		for _, kv := range kvs {
			line = lines.Append(line[:0], x.pair(kv))
			if _, err := out.Write(line); err != nil {
				return sum, cli.Exit(cli.IO, err)
			}
		}
		sum.Pairs += int64(len(kvs))
		sum.Revision = page.Head.Revision
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

// ask looks up the leases of a page that are not known yet.
func (x *export) ask(ctx context.Context, kvs []*mvccpb.KeyValue) error {
	var ids []int64
	for _, kv := range kvs {
		id := kv.GetLease()
		if _, known := x.leases[id]; id != 0 && !known {
			x.leases[id] = 0
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	left, err := x.session.Cluster.SecondsLeft(ctx, ids)
	maps.Copy(x.leases, left)
	return err
}
