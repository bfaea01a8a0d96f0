package ctlv2

import (
	"context"

	"github.com/spf13/cobra"
	client "go.etcd.io/etcd/client/v2"

	"etcdkit/printer"
)

func newRm(a *app) *cobra.Command {
	var o client.DeleteOptions
	cmd := &cobra.Command{
		Use:   "rm [options] <key>",
		Short: "Remove a key, or a directory",
		Example: `  etcdctl rm /app/mode
  etcdctl rm --with-value slow /app/mode
  etcdctl rm -r /app`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.remove(cmd, args, o) },
	}
	fs := cmd.Flags()
	fs.BoolVar(&o.Dir, "dir", false, "also a directory, if it is empty")
	fs.BoolVarP(&o.Recursive, "recursive", "r", false, "also a directory, with everything below it")
	fs.StringVar(&o.PrevValue, "with-value", "", "only if the key has this `value`")
	fs.Uint64Var(&o.PrevIndex, "with-index", 0, "only if the key was last modified at this `index`")
	return cmd
}

func newRmdir(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "rmdir <key>",
		Short:   "Remove an empty directory, or a key",
		Example: "  etcdctl rmdir /session",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.remove(cmd, args, client.DeleteOptions{Dir: true})
		},
	}
}

func (a *app) remove(cmd *cobra.Command, args []string, o client.DeleteOptions) error {
	if len(args) == 0 {
		return badArgs(keyRequired)
	}
	return a.request(cmd, func(ctx context.Context, k client.KeysAPI) (*client.Response, error) {
		return k.Delete(ctx, args[0], &o)
	}, func(resp *client.Response) printer.View {
		if resp.Node.Dir {
			return a.nothing(resp)
		}
		return a.view(resp)
	})
}
