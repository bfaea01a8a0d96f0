package ctlv2

import (
	"context"

	"github.com/spf13/cobra"
	client "go.etcd.io/etcd/client/v2"
)

func newMkdir(a *app) *cobra.Command {
	return directory(a, client.PrevNoExist, &cobra.Command{
		Use:     "mkdir [options] <key>",
		Short:   "Make a directory that does not exist yet",
		Example: "  etcdctl mkdir --ttl 3600 /session",
	})
}

func newSetdir(a *app) *cobra.Command {
	return directory(a, client.PrevIgnore, &cobra.Command{
		Use:   "setdir [options] <key>",
		Short: "Create a directory, replacing any key of that name",
		Long: `Make a directory. A key of that name is replaced; a directory of that name is
an error, see updatedir.`,
		Example: "  etcdctl setdir /session",
	})
}

func newUpdatedir(a *app) *cobra.Command {
	return directory(a, client.PrevExist, &cobra.Command{
		Use:     "updatedir [options] <key>",
		Short:   "Give a directory that exists a new time to live",
		Long:    "Give a directory that exists a new time to live, or none where --ttl is not given.",
		Example: "  etcdctl updatedir --ttl 60 /session",
	})
}

// directory completes a command that makes or changes a directory.
func directory(a *app, exists client.PrevExistType, cmd *cobra.Command) *cobra.Command {
	var ttl ttl
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return badArgs(keyRequired)
		}
		return a.request(cmd, func(ctx context.Context, k client.KeysAPI) (*client.Response, error) {
			return k.Set(ctx, args[0], "", &client.SetOptions{TTL: ttl.duration(), Dir: true, PrevExist: exists})
		}, a.nothing)
	}
	ttl.addTo(cmd.Flags())
	return cmd
}
