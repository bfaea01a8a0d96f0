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
	s, err := a.connect(cmd.Context())
	if err != nil {
		return err
	}
	ctx, cancel := a.limit(cmd.Context())
	defer cancel()
	return bare(do(ctx, client.NewMembersAPI(s)))
}
