package ctl

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/commands/cli"
	"etcdkit/printer/view"
)

type txnOptions struct {
	interactive bool
}

func (o *txnOptions) addFlags(fs *pflag.FlagSet) {
	fs.BoolVarP(&o.interactive, "interactive", "i", false, "prompt for input on standard output")
}

// read reads a whole transaction from standard input.
func (o *txnOptions) read(ctx context.Context, a *app) (clientv3.Op, error) {
	var cmps []clientv3.Cmp
	var success, failure []clientv3.Op
	into := func(ops *[]clientv3.Op) func(string) error {
		return func(line string) error {
			request, err := parseRequest(line)
			if err != nil {
				return err
			}
			*ops = append(*ops, request.op)
			return pauseToCancel(ctx, a, request.warning)
		}
	}
	lines := bufio.NewReader(a.streams.Input(ctx))
	for _, section := range []struct {
		title string
		take  func(line string) error
	}{
		{"compares:", func(line string) error {
			cmp, err := parseCompare(line)
			cmps = append(cmps, cmp)
			return err
		}},
		{"success requests (get, put, del):", into(&success)},
		{"failure requests (get, put, del):", into(&failure)},
	} {
		if o.interactive {
			if _, err := fmt.Fprintln(a.streams.Out, section.title); err != nil {
				return clientv3.Op{}, cli.Exit(cli.IO, fmt.Errorf("write output: %w", err))
			}
		}
		if err := readSection(ctx, lines, section.take); err != nil {
			return clientv3.Op{}, err
		}
	}
	return clientv3.OpTxn(cmps, success, failure), nil
}

// readSection hands the lines up to the next empty one to take. The end of the
// input is no end of a section: a file that was cut off is not sent.
func readSection(ctx context.Context, lines *bufio.Reader, take func(line string) error) error {
	for {
		line, err := lines.ReadString('\n')
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, io.EOF):
			return cli.Exit(cli.InvalidInput, io.EOF)
		case err != nil:
			return cli.Exit(cli.InvalidInput, fmt.Errorf("read standard input: %w", err))
		}
		line = strings.TrimSpace(line)
		if line == "" {
			return nil
		}
		if err := take(line); err != nil {
			return err
		}
	}
}

func (o *txnOptions) run(cmd *cobra.Command, a *app) error {
	s, err := a.open(cmd)
	if err != nil {
		return err
	}
	defer s.client.Close() //nolint:errcheck // the answer is in
	op, err := o.read(cmd.Context(), a)
	if err == nil && a.context.protected && deletes(op) {
		err = confirm(a, cmd, "delete keys")
	}
	if err != nil {
		return err
	}
	ctx, cancel := a.limit(cmd.Context())
	defer cancel()
	resp, err := s.client.Do(ctx, op)
	if err != nil {
		return s.client.Explain(err)
	}
	return s.out.Print(view.Txn{TxnResponse: (*etcdserverpb.TxnResponse)(resp.Txn())})
}

// deletes reports whether a transaction may delete keys.
func deletes(txn clientv3.Op) bool {
	_, success, failure := txn.Txn()
	return slices.ContainsFunc(append(slices.Clone(success), failure...), func(op clientv3.Op) bool {
		return op.IsDelete() || op.IsTxn() && deletes(op)
	})
}

func newTxn(a *app) *cobra.Command {
	o := &txnOptions{}
	cmd := &cobra.Command{
		Use:   "txn [options]",
		Short: "Make several requests as one transaction",
		Long: `Read a transaction from standard input and run it at once or not at all: three
lists with a request or a condition on each line, and an empty line after each.

  conditions         create("key") = "0", mod("key") > "41", version("key") < "3",
                     value("key") != "text", lease("key") = "<id in hexadecimal>"
  if all of them hold   put, get and del, as on the command line
  if one does not       put, get and del, as on the command line

Keys and values with spaces stand in quotes; within double quotes, escapes are
those of Go. A value of put can't come from standard input here.`,
		Example: `  etcdctl txn -i
  printf '%s\n' 'mod("/job") = "0"' '' 'put /job "host 1"' '' 'get /job' '' | etcdctl txn`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 0 {
				return cli.Exit(cli.BadArgs, errors.New("txn command does not accept argument"))
			}
			return o.run(cmd, a)
		},
	}
	o.addFlags(cmd.Flags())
	addYes(cmd)
	return curlShows(a, cmd, etcdserverpb.KV_Txn_FullMethodName)
}
