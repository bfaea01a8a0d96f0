package ctl

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/cluster"
	"etcdkit/commands/cli"
	"etcdkit/commands/conn"
	"etcdkit/printer"
	"etcdkit/printer/view"
)

func newMemberRemove(a *app) *cobra.Command {
	return curlShows(a, &cobra.Command{
		Use:   "remove <memberID>",
		Short: "Remove a member from the cluster",
		Long: `Remove a member, named by its hexadecimal ID or its name as member list shows
them. A running member stops when it learns of its removal, and can't join again
with its data.

etcdctl warns if the remaining members would be too few to write anything.`,
		Example: `  etcdctl member remove 8e9e05c52164694d
  etcdctl member remove infra3`,
		RunE: func(cmd *cobra.Command, args []string) error {
			who, err := parseMember(args)
			if err != nil {
				return err
			}
			return changeMembers(a, cmd, func(ctx context.Context, d *conn.Dialer, s *session) (printer.View, error) {
				id, err := beforeRemove(ctx, a, d, s, who)
				if err != nil {
					return nil, err
				}
				ctx, cancel := a.limit(ctx)
				defer cancel()
				resp, err := s.client.MemberRemove(ctx, id)
				return view.MemberRemove{Members: view.Members{Membership: (*etcdserverpb.MemberRemoveResponse)(resp)}, ID: id}, err
			})
		},
	}, etcdserverpb.Cluster_MemberRemove_FullMethodName)
}

// beforeRemove returns the id of the member to remove, after a warning if the
// cluster can't do without it. Only a name needs the list of members.
func beforeRemove(ctx context.Context, a *app, d *conn.Dialer, s *session, who memberArg) (uint64, error) {
	limited, cancel := a.limit(ctx)
	defer cancel()
	list, err := s.client.MemberList(limited)
	switch {
	case err == nil:
	case who.notID != nil || cluster.Unavailable(err):
		return 0, err
	default:
		return who.id, nil
	}
	id, err := who.among(list.Members)
	if err != nil {
		return 0, err
	}
	up := cluster.Up(ctx, askThrough(d, a.conn.Timeout()), list)
	for _, m := range list.Members {
		if m.GetID() == id && !m.GetIsLearner() {
			others := slices.DeleteFunc(slices.Clone(list.Members), func(o *etcdserverpb.Member) bool { return o.GetID() == id })
			caution(a.streams.Err, removalWarning(m, cluster.CountVoters(others, up)))
		}
	}
	return id, nil
}

// removalWarning returns the warning before a voter is removed, after which these
// voters remain. It is empty if they are enough for a quorum.
func removalWarning(m *etcdserverpb.Member, after cluster.Voters) string {
	if after.All == 0 {
		return "Warning: " + cluster.Name(m) + " is the last voting member"
	}
	if why := after.Shortfall(); why != "" {
		return "Warning: without " + cluster.Name(m) + ", " + why
	}
	return ""
}

// caution prints a warning, if there is one.
func caution(w io.Writer, warning string) {
	if warning != "" {
		fmt.Fprintln(cli.Visible(w), warning)
	}
}
