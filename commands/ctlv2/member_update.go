package ctlv2

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	client "go.etcd.io/etcd/client/v2"
)

func newMemberUpdate(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "update <memberID> <peerURLs>",
		Short:   "Change the peer URLs of a member",
		Example: "  etcdctl member update ac7c97ef0ec193b0 http://10.0.0.5:2380",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return bad("Provide an ID and a list of comma separated peerURL (0xabcd http://example.com,http://example1.com)")
			}
			return a.withMembers(cmd, func(ctx context.Context, api client.MembersAPI) error {
				if err := api.Update(ctx, args[0], strings.Split(args[1], ",")); err != nil {
					return err
				}
				return a.print(fmt.Sprintf("Updated member with ID %s in cluster\n", args[0]))
			})
		},
	}
}
