package ctl

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/commands/cli"
	"etcdkit/commands/read"
	"etcdkit/keyspace/live"
	"etcdkit/printer"
	"etcdkit/printer/view"
)

type delOptions struct {
	read.RangeFlags
	prevKV    bool
	meanRange bool
}

func (o *delOptions) addFlags(fs *pflag.FlagSet) {
	fs.BoolVar(&o.Prefix, "prefix", false, "all keys that begin with <key>")
	fs.BoolVar(&o.prevKV, "prev-kv", false, "print the deleted key-value pairs")
	fs.BoolVar(&o.FromKey, "from-key", false, "all keys from <key> on, in byte order")
	fs.BoolVar(&o.meanRange, "range", false, "a <range_end> is meant: delete without the warning and its delay")
}

// op turns arguments into a request.
func (o *delOptions) op(args []string) (clientv3.Op, error) {
	if len(args) == 0 || len(args) > 2 {
		return clientv3.Op{}, cli.Exit(cli.BadArgs, errors.New("del command needs one argument as key and an optional argument as range_end"))
	}
	if err := o.Validate(args); err != nil {
		return clientv3.Op{}, err
	}
	r := o.Range(args)
	opts := []clientv3.OpOption{clientv3.WithRange(r.End)}
	if o.prevKV {
		opts = append(opts, clientv3.WithPrevKV())
	}
	return clientv3.OpDelete(r.Key, opts...), nil
}

// wholeStore tells whether valid arguments name every key there is.
func (o *delOptions) wholeStore(args []string) bool {
	return args[0] == "" && (o.Prefix || o.FromKey)
}

// warning returns what to say before valid arguments are acted on, or "". Two
// keys given for deletion look just like a range.
func (o *delOptions) warning(args []string) string {
	if len(args) < 2 || o.meanRange {
		return ""
	}
	return fmt.Sprintf("Warning: Keys between %q and %q will be deleted. Please interrupt the command within next 2 seconds to cancel. "+
		"You can provide `--range` flag to avoid the delay.", args[0], args[1])
}

// delWarningPause is how long a user has to take back a range given by mistake.
const delWarningPause = 2 * time.Second

// pauseToCancel prints a warning, if there is one, and leaves time to interrupt. What
// --curl only shows needs none.
func pauseToCancel(ctx context.Context, a *app, warning string) error {
	if warning == "" || a.curl {
		return nil
	}
	fmt.Fprintln(a.streams.Err, warning)
	t := time.NewTimer(delWarningPause)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

// previewKeys is how many of the keys a preview shows.
const previewKeys = 10

// preview returns a request for what valid arguments would delete.
func (o *delOptions) preview(args []string) clientv3.Op {
	r := o.Range(args)
	r.Limit, r.KeysOnly = previewKeys, !o.prevKV
	return live.Op(r)
}

// dryRun prints what would be deleted.
func (o *delOptions) dryRun(cmd *cobra.Command, a *app, args []string) error {
	return a.request(cmd, func(ctx context.Context, s *session) (printer.View, error) {
		resp, err := s.client.Do(ctx, o.preview(args))
		page := view.OnePage((*etcdserverpb.RangeResponse)(resp.Get()))
		return view.DeletePreview{Range: view.Range{Pages: page}, Values: o.prevKV}, err
	})
}

func newDel(a *app) *cobra.Command {
	o := &delOptions{}
	yes, dryRun := false, false
	cmd := &cobra.Command{
		Use:   "del [options] <key> [range_end]",
		Short: "Delete a key or a range of keys",
		Long: `Delete a key, the keys from <key> up to but not including <range_end>, those
with a prefix, or those from a key on, and print how many there were. With
--dry-run, print how many there are and the first of them, and delete nothing.

A plain range waits two seconds first, unless --range says that it is meant.
Deleting every key asks first on a terminal, unless --yes answers.`,
		Example: `  etcdctl del /app/mode
  etcdctl del /app/ --prefix --prev-kv
  etcdctl del /app/ --prefix --dry-run
  etcdctl del /app/a /app/m --range
  etcdctl del "" --prefix --yes`,
		RunE: func(cmd *cobra.Command, args []string) error {
			op, err := o.op(args)
			if err != nil {
				return err
			}
			if dryRun {
				return o.dryRun(cmd, a, args)
			}
			if _, err := a.printer(); err != nil {
				return err
			}
			if o.wholeStore(args) && !yes && interactive(a) {
				if err := confirm(cmd.Context(), a, "Delete every key in the store?"); err != nil {
					return err
				}
			}
			if err := pauseToCancel(cmd.Context(), a, o.warning(args)); err != nil {
				return err
			}
			return a.request(cmd, func(ctx context.Context, s *session) (printer.View, error) {
				resp, err := s.client.Do(ctx, op)
				return view.Delete{DeleteRangeResponse: (*etcdserverpb.DeleteRangeResponse)(resp.Del())}, err
			})
		},
	}
	o.addFlags(cmd.Flags())
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "don't ask before deleting every key")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "print what would be deleted, and delete nothing")
	return curlShows(a, cmd, etcdserverpb.KV_DeleteRange_FullMethodName, etcdserverpb.KV_Range_FullMethodName)
}
