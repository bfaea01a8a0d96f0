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

	"etcdkit/cluster"
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
	fs.BoolVar(&o.meanRange, "range", false, "delete a plain range without the warning and its delay")
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

// warning returns the warning before a plain range is deleted, or "". Two keys
// given for deletion look just like a range.
func (o *delOptions) warning(args []string) string {
	if len(args) < 2 || o.meanRange {
		return ""
	}
	return fmt.Sprintf("Warning: Keys between %q and %q will be deleted. Please interrupt the command within next 2 seconds to cancel. "+
		"You can provide `--range` flag to avoid the delay.", args[0], args[1])
}

// delWarningPause is how long a user has to cancel a range given by mistake.
const delWarningPause = 2 * time.Second

// pauseToCancel prints a warning, if there is one and the release prints it. On
// a terminal it then leaves time to interrupt. --curl, which sends nothing,
// does not pause.
func pauseToCancel(ctx context.Context, a *app, warning string) error {
	release, err := a.output.Release()
	if err != nil {
		return err
	}
	if warning == "" || a.curl || !release.RangeWarning {
		return nil
	}
	fmt.Fprintln(a.streams.Err, warning)
	if !interactive(a) {
		return nil
	}
	return cluster.Pause(ctx, delWarningPause)
}

// previewKeys is how many of the keys a preview shows.
const previewKeys = 10

// preview returns a request for the keys that valid arguments would delete.
func (o *delOptions) preview(args []string) clientv3.Op {
	r := o.Range(args)
	r.Limit, r.KeysOnly = previewKeys, !o.prevKV
	return live.Op(r)
}

// dryRun prints the keys that would be deleted. If a single key does not exist,
// but keys below it do, it prints a hint on standard error.
func (o *delOptions) dryRun(cmd *cobra.Command, a *app, args []string) error {
	return a.request(cmd, func(ctx context.Context, s *session) (printer.View, error) {
		resp, err := s.client.Do(ctx, o.preview(args))
		page := view.OnePage((*etcdserverpb.RangeResponse)(resp.Get()))
		if err == nil && resp.Get().Count == 0 && o.single(args) {
			below, err := s.client.Get(ctx, args[0], clientv3.WithPrefix(), clientv3.WithCountOnly())
			if err == nil && below.Count > 0 {
				fmt.Fprintf(a.streams.Err, "Hint: the key %q does not exist, but %d keys begin with it; --prefix selects them\n", args[0], below.Count)
			}
		}
		return view.DeletePreview{Range: view.Range{Pages: page}, Values: o.prevKV}, err
	})
}

// single reports whether valid arguments name one key.
func (o *delOptions) single(args []string) bool {
	return len(args) == 1 && args[0] != "" && !o.Prefix && !o.FromKey
}

func newDel(a *app) *cobra.Command {
	o, only := &delOptions{}, &condition{}
	dryRun := false
	cmd := &cobra.Command{
		Use:   "del [options] <key> [range_end]",
		Short: "Delete a key or a range of keys",
		Long: `Delete a key, the keys from <key> up to but not including <range_end>, those
with a prefix, or those from a key on, and print how many were deleted. With
--dry-run, print how many exist and the first of them, and delete nothing.

With --if-mod-rev, a key is deleted only if nobody has changed it meanwhile;
otherwise the error has its mod revision, and the exit code is 1.

A plain range prints a warning, and on a terminal waits two seconds, unless
--range is given.`,
		Example: `  etcdctl del /app/mode
  etcdctl del /app/ --prefix --prev-kv
  etcdctl del /app/ --prefix --dry-run
  etcdctl del /app/mode --if-mod-rev 42
  etcdctl del /app/a /app/m --range
  etcdctl del "" --prefix`,
		RunE: func(cmd *cobra.Command, args []string) error {
			op, err := o.op(args)
			if err != nil {
				return err
			}
			if err := only.read(cmd); err != nil {
				return err
			}
			if only.given && (!o.single(args) || dryRun) {
				return cli.Exit(cli.BadArgs, fmt.Errorf("--%s requires one key, and deletes it", modRevFlag))
			}
			if dryRun {
				return o.dryRun(cmd, a, args)
			}
			if _, err := a.printer(); err != nil {
				return err
			}
			if err := pauseToCancel(cmd.Context(), a, o.warning(args)); err != nil {
				return err
			}
			return a.request(cmd, func(ctx context.Context, s *session) (printer.View, error) {
				if only.given {
					h, resp, err := only.do(ctx, s, op)
					deleted := resp.GetResponseDeleteRange()
					return view.Delete{DeleteRangeResponse: &etcdserverpb.DeleteRangeResponse{Header: h, Deleted: deleted.GetDeleted(), PrevKvs: deleted.GetPrevKvs()}}, err
				}
				resp, err := s.client.Do(ctx, op)
				return view.Delete{DeleteRangeResponse: (*etcdserverpb.DeleteRangeResponse)(resp.Del())}, err
			})
		},
	}
	o.addFlags(cmd.Flags())
	only.addTo(cmd, "delete")
	cmd.Flags().BoolP("yes", "y", false, "accepted for scripts; deleting every key asks no question")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "print what would be deleted, and delete nothing")
	return curlShows(a, cmd, etcdserverpb.KV_DeleteRange_FullMethodName, etcdserverpb.KV_Txn_FullMethodName, etcdserverpb.KV_Range_FullMethodName)
}

// interactive reports whether a user sees standard error and can react: standard
// input and standard error are both a terminal.
func interactive(a *app) bool {
	_, in := cli.Terminal(a.streams.In)
	_, err := cli.Terminal(a.streams.Err)
	return in && err
}
