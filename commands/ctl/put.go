package ctl

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"

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
	fs.StringVar(&o.lease, "lease", "0", "attach the key to the lease of this hexadecimal `id`")
	fs.BoolVar(&o.prevKV, "prev-kv", false, "print the key-value pair that was there before")
	fs.BoolVar(&o.ignoreValue, "ignore-value", false, "keep the key's value; takes no value argument")
	fs.BoolVar(&o.ignoreLease, "ignore-lease", false, "keep the key's lease")
}

var errPutArgs = errors.New("put command needs 1 argument and input from stdin or 2 arguments")

// op turns arguments into a request. The value is read from in where it is
// wanted and not among the arguments.
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
		return 0, cli.Exit(cli.BadArgs, fmt.Errorf("bad lease ID (%w), expecting ID in Hex", err))
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

func newPut(a *app) *cobra.Command {
	o, batch := &putOptions{}, &putBatch{}
	cmd := &cobra.Command{
		Use:   "put [options] <key> <value> (<value> can also be given from stdin)",
		Short: "Write a key",
		Long: `Write a key. Without <value> the value is what standard input holds, to its
last byte: a line end there becomes part of it.

With --batch, standard input holds many pairs, as JSON lines (jsonl, which
"etcdctl help import" describes) or as keys and values that each end with a NUL
byte (nul). They are written as import does it, and the flags for that hold.

A key or value that begins with a dash goes after --.`,
		Example: `  etcdctl put /app/mode fast
  etcdctl put /app/cert < cert.pem
  etcdctl put /app/offset -- -5
  etcdctl put /app/leader host1 --lease 694d5765fc71500b
  etcdctl put --batch jsonl < pairs.jsonl
  printf 'a\0001\000b\0002\000' | etcdctl put --batch nul`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := batch.misused(cmd); err != nil {
				return err
			}
			if batch.format != "" {
				return batch.run(cmd, a, o, args)
			}
			op, err := o.op(args, a.streams.Input(cmd.Context()))
			if err != nil {
				return err
			}
			return a.request(cmd, func(ctx context.Context, s *session) (printer.View, error) {
				resp, err := s.client.Do(ctx, op)
				return view.Put{PutResponse: (*etcdserverpb.PutResponse)(resp.Put())}, err
			})
		},
	}
	o.addFlags(cmd.Flags())
	batch.addFlags(cmd.Flags())
	cli.CompleteFlag(cmd, "batch", batchFormats()...)
	cli.CompleteFlag(cmd, "on-conflict", conflictModes()...)
	return curlShowsUnless(a, cmd, withFlag("batch", "it makes many requests"), etcdserverpb.KV_Put_FullMethodName)
}
