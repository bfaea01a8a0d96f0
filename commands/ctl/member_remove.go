package ctl

import (
	"context"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/printer"
	"etcdkit/printer/view"
)

func newMemberRemove(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "remove <memberID>",
		Short: "Remove a member from the cluster",
		Long: `Remove the member with a hexadecimal ID, as member list shows it. A running
member stops when it learns of its removal, and can't come back with its data.`,
		Example: "  etcdctl member remove 8e9e05c52164694d",
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := memberID(args)
			if err != nil {
				return err
			}
			return a.request(cmd, func(ctx context.Context, s *session) (printer.View, error) {
				resp, err := s.MemberRemove(ctx, id)
				return view.MemberRemove{Members: view.Members{Membership: (*etcdserverpb.MemberRemoveResponse)(resp)}, ID: id}, err
			})
		},
	}
}
