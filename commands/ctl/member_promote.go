package ctl

import (
	"context"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/printer"
	"etcdkit/printer/view"
)

func newMemberPromote(a *app) *cobra.Command {
	return curlShows(a, &cobra.Command{
		Use:   "promote <memberID>",
		Short: "Give a learner its vote",
		Long: `Make a voting member of the learner with a hexadecimal ID, as member list shows
it. The cluster refuses until the learner has caught up with the leader.`,
		Example: "  etcdctl member promote 8e9e05c52164694d",
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := memberID(args)
			if err != nil {
				return err
			}
			return a.request(cmd, func(ctx context.Context, s *session) (printer.View, error) {
				resp, err := s.client.MemberPromote(ctx, id)
				return view.MemberPromote{Members: view.Members{Membership: (*etcdserverpb.MemberPromoteResponse)(resp)}, ID: id}, err
			})
		},
	}, etcdserverpb.Cluster_MemberPromote_FullMethodName)
}
