package ctl

import (
	"context"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/commands/cli"
	"etcdkit/commands/read"
	"etcdkit/printer"
	"etcdkit/printer/view"
)

type memberListOptions struct {
	consistency string
}

func (o *memberListOptions) addFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.consistency, "consistency", "l", "l (linearizable) asks the quorum, s (serializable) only the endpoint")
	cli.CompleteFlag(cmd, "consistency", "l", "s")
}

// options turns flags into options of the request.
func (o *memberListOptions) options() ([]clientv3.OpOption, error) {
	serializable, err := read.Serializable(o.consistency)
	if err != nil || !serializable {
		return nil, err
	}
	return []clientv3.OpOption{clientv3.WithSerializable()}, nil
}

func newMemberList(a *app) *cobra.Command {
	o := &memberListOptions{}
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the members of the cluster",
		Long: `List the members of the cluster. The simple format has a line for each:

  ID, status, name, peer addresses, client addresses, is learner

A member is "unstarted" until it has joined for the first time.

If no quorum answers and --consistency is not given, the list is that of the
member that does, with a note on standard error.`,
		Example: `  etcdctl member list -w table
  etcdctl member list --consistency s --endpoints 10.0.0.7:2379
  etcdctl member list -w json --hex`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			opts, err := o.options()
			if err != nil {
				return err
			}
			fallback := !cmd.Flags().Changed("consistency") && !a.curl
			return a.request(cmd, func(ctx context.Context, s *session) (printer.View, error) {
				if fallback {
					list, err := listMembers(cmd.Context(), a, s.client)
					return memberListView(list.MemberListResponse), err
				}
				resp, err := s.client.MemberList(ctx, opts...)
				return memberListView(resp), err
			})
		},
	}
	o.addFlags(cmd)
	return curlShows(a, cmd, etcdserverpb.Cluster_MemberList_FullMethodName)
}

func memberListView(resp *clientv3.MemberListResponse) view.MemberList {
	return view.MemberList{Members: view.Members{Membership: (*etcdserverpb.MemberListResponse)(resp)}}
}
