package ctlv2

import (
	"context"

	"github.com/spf13/cobra"
	client "go.etcd.io/etcd/client/v2"
)

func newUpdate(a *app) *cobra.Command {
	var ttl ttl
	cmd := &cobra.Command{
		Use:   "update [options] <key> [<value>]",
		Short: "Set the value of a key that exists",
		Long: `Set the value of a key that exists. Without <value> it is read from standard
input.`,
		Example:     "  etcdctl update /app/mode slow",
		Annotations: map[string]string{takesValue: ""},
		RunE: func(cmd *cobra.Command, args []string) error {
			key, value, err := keyAndValue(args, a.streams.Announced("the value", a.streams.In))
			if err != nil {
				return err
			}
			return a.request(cmd, func(ctx context.Context, k client.KeysAPI) (*client.Response, error) {
				return k.Set(ctx, key, value, &client.SetOptions{TTL: ttl.duration(), PrevExist: client.PrevExist})
			}, a.view)
		},
	}
	ttl.addTo(cmd.Flags())
	return cmd
}
