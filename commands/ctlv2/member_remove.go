package ctlv2

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	client "go.etcd.io/etcd/client/v2"

	"etcdkit/commands/cli"
)

func newMemberRemove(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "remove <memberID>",
		Short:   "Remove a member",
		Example: "  etcdctl member remove ac7c97ef0ec193b0",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return bad("Provide a single member ID")
			}
			return a.withMembers(cmd, func(ctx context.Context, api client.MembersAPI) error {
				return a.removeMember(ctx, api, args[0])
			})
		},
	}
}

func (a *app) removeMember(ctx context.Context, api client.MembersAPI, id string) error {
	members, err := api.List(ctx)
	if err != nil {
		return fmt.Errorf("Error while verifying ID against known members: %w", explain(err))
	}
	found := false
	for _, m := range members {
		found = found || m.ID == id
		if m.Name == id {
			fmt.Fprintf(cli.Visible(a.streams.Err), "Found a member named %s; if this is correct, please use its ID, eg:\n\tetcdctl member remove %s\n", m.Name, m.ID)
		}
	}
	if !found {
		return bad("Couldn't find a member in the cluster with an ID of %s.", id)
	}
	if err := api.Remove(ctx, id); err != nil {
		return fmt.Errorf("Received an error trying to remove member %s: %w", id, explain(err)) //nolint:staticcheck // upstream's words
	}
	return a.print(fmt.Sprintf("Removed member %s from cluster\n", id))
}
