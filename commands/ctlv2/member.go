package ctlv2

import (
	"context"

	"github.com/spf13/cobra"
	client "go.etcd.io/etcd/client/v2"
)

func newMember(a *app) *cobra.Command {
	return family("member", "List and change the members of the cluster",
		newMemberList(a), newMemberAdd(a), newMemberRemove(a), newMemberUpdate(a))
}

// withMembers calls do under --total-timeout. Its errors are printed bare.
func (a *app) withMembers(cmd *cobra.Command, do func(context.Context, client.MembersAPI) error) error {
	return a.withSession(cmd, func(ctx context.Context, s *session) error {
		return bare(do(ctx, client.NewMembersAPI(s)))
	})
}
