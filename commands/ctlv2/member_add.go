package ctlv2

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	client "go.etcd.io/etcd/client/v2"
)

func newMemberAdd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "add <name> <peerURL>",
		Short: "Add a member, which is to be started afterwards",
		Long: `Add a member, and print the variables that its server is to be started with.
Until it runs it counts as a member that is down.`,
		Example: "  etcdctl member add m4 http://10.0.0.4:2380",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return bad("Provide a name and a single member peerURL")
			}
			return a.withMembers(cmd, func(ctx context.Context, api client.MembersAPI) error {
				return a.addMember(ctx, api, args[0], args[1])
			})
		},
	}
}

func (a *app) addMember(ctx context.Context, api client.MembersAPI, name, peerURL string) error {
	added, err := api.Add(ctx, peerURL)
	if err != nil {
		return err
	}
	if err := a.print(fmt.Sprintf("Added member named %s with ID %s to cluster\n", name, added.ID)); err != nil {
		return err
	}
	members, err := api.List(ctx)
	if err != nil {
		return err
	}
	var initial []string
	for _, m := range members {
		if m.ID == added.ID {
			m.Name = name
		}
		for _, u := range m.PeerURLs {
			initial = append(initial, m.Name+"="+u)
		}
	}
	return a.print(fmt.Sprintf("\nETCD_NAME=%q\nETCD_INITIAL_CLUSTER=%q\nETCD_INITIAL_CLUSTER_STATE=\"existing\"\n",
		name, strings.Join(initial, ",")))
}
