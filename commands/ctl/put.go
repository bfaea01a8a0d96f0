package ctl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/cluster"
	"etcdkit/commands/cli"
	"etcdkit/internal/id"
	"etcdkit/printer"
	"etcdkit/printer/view"
)

type putOptions struct {
	lease       string
	prevKV      bool
	ignoreValue bool
	ignoreLease bool
}

func (o *putOptions) addFlags(fs *pflag.FlagSet) {
	fs.StringVar(&o.lease, "lease", "0", "attach the key to the lease with this `id`, as any command prints it")
	fs.BoolVar(&o.prevKV, "prev-kv", false, "print the previous key-value pair")
	fs.BoolVar(&o.ignoreValue, "ignore-value", false, "keep the key's value; no value argument is accepted")
	fs.BoolVar(&o.ignoreLease, "ignore-lease", false, "keep the key's lease")
}

var errPutArgs = errors.New("put command needs 1 argument and input from stdin or 2 arguments")

// op turns arguments into a request. If a value is needed and is not among the
// arguments, it is read from in.
func (o *putOptions) op(args []string, in io.Reader) (clientv3.Op, error) {
	if len(args) == 0 {
		return clientv3.Op{}, cli.Exit(cli.BadArgs, errPutArgs)
	}
	if o.ignoreValue && len(args) > 1 {
		return clientv3.Op{}, cli.Exit(cli.BadArgs, errors.New("put command needs only 1 argument when 'ignore-value' is set"))
	}
	value, err := o.value(args, in)
	if err != nil {
		return clientv3.Op{}, cli.Exit(cli.BadArgs, err)
	}
	id, err := o.leaseID()
	if err != nil {
		return clientv3.Op{}, err
	}
	var opts []clientv3.OpOption
	if id != 0 {
		opts = append(opts, clientv3.WithLease(clientv3.LeaseID(id)))
	}
	if o.prevKV {
		opts = append(opts, clientv3.WithPrevKV())
	}
	if o.ignoreValue {
		opts = append(opts, clientv3.WithIgnoreValue())
	}
	if o.ignoreLease {
		opts = append(opts, clientv3.WithIgnoreLease())
	}
	return clientv3.OpPut(args[0], value, opts...), nil
}

// leaseID returns the id of the lease to attach, 0 for none.
func (o *putOptions) leaseID() (int64, error) {
	lease, err := id.ParseLease(o.lease)
	if err != nil {
		return 0, cli.Exit(cli.BadArgs, fmt.Errorf("bad lease ID %q, expecting ID in Hex, as lease list shows it", o.lease))
	}
	return lease, nil
}

func (o *putOptions) value(args []string, in io.Reader) (string, error) {
	switch {
	case o.ignoreValue:
		return "", nil
	case len(args) > 1:
		return args[1], nil
	}
	value, err := io.ReadAll(in)
	if err != nil {
		return "", fmt.Errorf("read value from standard input: %w", err)
	}
	if len(value) == 0 {
		return "", errPutArgs
	}
	return string(value), nil
}

// checkPutTTL returns an error if --ttl can't be used as given.
func checkPutTTL(cmd *cobra.Command, ttl int64) error {
	if !cmd.Flags().Changed("ttl") {
		return nil
	}
	if ttl <= 0 {
		return cli.Exit(cli.BadArgs, fmt.Errorf("--ttl %d: use a positive number of seconds, such as 60", ttl))
	}
	for _, other := range []string{"lease", "ignore-lease"} {
		if cmd.Flags().Changed(other) {
			return cli.Exit(cli.BadArgs, fmt.Errorf("--ttl and --%s exclude each other", other))
		}
	}
	return nil
}

// putWithTTL writes a key with its own lease. If the write is refused, the
// lease is revoked; if it is not answered, the lease stays, as the key may have
// been written.
func putWithTTL(ctx context.Context, a *app, s *session, op clientv3.Op, ttl int64) (printer.View, error) {
	lease, err := s.client.Grant(ctx, ttl)
	if err != nil {
		return nil, fmt.Errorf("grant a lease for the key: %w", err)
	}
	clientv3.WithLease(lease.ID)(&op)
	resp, err := s.client.Do(ctx, op)
	if err != nil {
		err = s.client.Explain(err)
		if !cluster.Unavailable(err) {
			revoking, cancel := a.limit(context.WithoutCancel(ctx))
			defer cancel()
			_, _ = s.client.Revoke(revoking, lease.ID) // it expires anyway
		}
	}
	return view.Put{PutResponse: (*etcdserverpb.PutResponse)(resp.Put())}, err
}

func newPut(a *app) *cobra.Command {
	o, batch, ttl, only := &putOptions{}, &putBatch{}, int64(0), &condition{}
	cmd := &cobra.Command{
		Use:   "put [options] <key> <value> (<value> can also be given from stdin)",
		Short: "Write a key",
		Long: `Write a key. Without <value> the value is all of standard input; a final line
end is part of it. With --ttl, the key gets a lease of its own and expires with
it. With --create-only or --if-mod-rev, the key is written only if nobody has
changed it meanwhile; otherwise the error has its mod revision, and the exit code
is 1.

With --batch, standard input holds many pairs, as JSON lines (jsonl, which
"etcdctl help import" describes) or as keys and values that each end with a NUL
byte (nul). They are written as by import; its flags apply.

A key or value that begins with a dash goes after "--".`,
		Example: `  etcdctl put /app/mode fast
  etcdctl put /app/cert < cert.pem
  etcdctl put /app/offset -- -5
  etcdctl put /app/leader host1 --lease 694d5765fc71500b
  etcdctl put /app/leader host1 --ttl 60
  etcdctl put /app/owner host1 --create-only
  etcdctl put /app/mode slow --if-mod-rev 42
  etcdctl put --batch jsonl < pairs.jsonl
  printf 'a\0001\000b\0002\000' | etcdctl put --batch nul`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := batch.misused(cmd); err != nil {
				return err
			}
			if batch.format != "" {
				return batch.run(cmd, a, o, args)
			}
			if err := checkPutTTL(cmd, ttl); err != nil {
				return err
			}
			if err := only.ofPut(cmd); err != nil {
				return err
			}
			op, err := o.op(args, a.streams.Announced("the value", a.streams.Input(cmd.Context())))
			if errors.Is(err, errPutArgs) && len(args) == 1 {
				return fmt.Errorf("%w: standard input is empty; for an empty value use put %s \"\"", err, args[0])
			}
			if err != nil {
				return err
			}
			if len(args) > 2 {
				fmt.Fprintf(a.streams.Err, "Warning: the argument %q is ignored: a value with spaces needs quotes\n", strings.Join(args[2:], " "))
			}
			return a.request(cmd, func(ctx context.Context, s *session) (printer.View, error) {
				if ttl > 0 {
					return putWithTTL(ctx, a, s, op, ttl)
				}
				return only.put(ctx, s, op)
			})
		},
	}
	o.addFlags(cmd.Flags())
	batch.addFlags(cmd.Flags())
	only.addTo(cmd, "write")
	cmd.Flags().Int64Var(&ttl, "ttl", 0, "attach the key to a new lease of this many `seconds`")
	cli.CompleteFlag(cmd, "batch", batchFormats()...)
	cli.CompleteFlag(cmd, "on-conflict", conflictModes()...)
	return curlShowsUnless(a, cmd, anyOf(withFlag("batch", "it makes many requests"), withFlag("ttl", "it makes two requests")), etcdserverpb.KV_Put_FullMethodName, etcdserverpb.KV_Txn_FullMethodName)
}
