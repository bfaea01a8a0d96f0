package ctlv2

import (
	"context"

	"github.com/spf13/cobra"
	client "go.etcd.io/etcd/client/v2"
)

func newMk(a *app) *cobra.Command {
	var ttl ttl
	var inOrder bool
	cmd := &cobra.Command{
		Use:   "mk [options] <key> [<value>]",
		Short: "Make a key that does not exist yet",
		Long: `Make a key that does not exist yet. Without <value> it is read from standard
input. With --in-order <key> is a directory, and the key made in it is named by
a number that is higher than those of all keys made so before.`,
		Example: `  etcdctl mk /app/mode fast
  etcdctl mk --in-order /queue "first in line"`,
		Annotations: map[string]string{takesValue: ""},
		RunE: func(cmd *cobra.Command, args []string) error {
			key, value, err := keyAndValue(args, a.streams.Announced("the value", a.streams.In))
			if err != nil {
				return err
			}
			return a.request(cmd, func(ctx context.Context, k client.KeysAPI) (*client.Response, error) {
				if inOrder {
					return k.CreateInOrder(ctx, key, value, &client.CreateInOrderOptions{TTL: ttl.duration()})
				}
				return k.Set(ctx, key, value, &client.SetOptions{TTL: ttl.duration(), PrevExist: client.PrevNoExist})
			}, a.view)
		},
	}
	cmd.Flags().BoolVar(&inOrder, "in-order", false, "make a numbered key in the directory <key>")
	ttl.addTo(cmd.Flags())
	return cmd
}
