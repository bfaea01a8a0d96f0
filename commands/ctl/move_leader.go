package ctl

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/cluster"
	"etcdkit/commands/cli"
	"etcdkit/commands/conn"
	"etcdkit/printer"
	"etcdkit/printer/view"
)

func newMoveLeader(a *app) *cobra.Command {
	return curlShows(a, &cobra.Command{
		Use:   "move-leader <transferee-member-id>",
		Short: "Transfer leadership to another member",
		Long: `Transfer leadership to a member, named by its hexadecimal ID or its name as
member list shows them. The leader is found among the --endpoints or through
them.`,
		Example: `  etcdctl move-leader 8e9e05c52164694d
  etcdctl move-leader infra2`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return cli.Exit(cli.BadArgs, errors.New("move-leader command needs 1 argument"))
			}
			to, err := parseMember(args)
			if err != nil {
				return err
			}
			if a.curl && to.notID == nil { // the user ensures that the endpoint leads
				return a.request(cmd, func(ctx context.Context, s *session) (printer.View, error) {
					_, err := s.client.MoveLeader(ctx, to.id)
					return nil, err
				})
			}
			d, p, err := a.dialer(cmd)
			if err != nil {
				return err
			}
			leader, err := findLeader(cmd.Context(), a, d)
			if err != nil {
				return err
			}
			c, err := d.Dial(cmd.Context(), leader.Endpoint)
			if err != nil {
				return err
			}
			defer c.Close() //nolint:errcheck // the answer is in
			v, err := moveLeader(cmd.Context(), a, leader, c, to)
			if err != nil {
				return err
			}
			return p.Print(v)
		},
	}, etcdserverpb.Maintenance_MoveLeader_FullMethodName)
}

// findLeader returns the answer of the leader: of the endpoint that leads, or of
// the member that the endpoints name as their leader.
func findLeader(ctx context.Context, a *app, d *conn.Dialer) (cluster.StatusAnswer, error) {
	got, err := cluster.FindLeader(ctx, askThrough(d, a.conn.Timeout()), single(d.Endpoints()))
	none := (*cluster.NoLeaderError)(nil)
	if !errors.As(err, &none) {
		return got, err
	}
	err = cli.Exit(cli.BadArgs, fmt.Errorf("no leader endpoint given at %v", d.Endpoints()))
	if none.Why != nil {
		err = fmt.Errorf("%w: %w", err, none.Why)
	}
	return got, err
}

// moveLeader asks the leader to hand the lead over.
func moveLeader(ctx context.Context, a *app, leader cluster.StatusAnswer, c *conn.Client, to memberArg) (view.MoveLeader, error) {
	ctx, cancel := a.limit(ctx)
	defer cancel()
	list, err := c.MemberList(ctx)
	if err != nil {
		return view.MoveLeader{}, c.Explain(err)
	}
	id, err := to.among(list.Members)
	if err != nil {
		return view.MoveLeader{}, err
	}
	resp, err := c.MoveLeader(ctx, id)
	return view.MoveLeader{
		From: leader.Value.GetLeader(), To: id, MoveLeaderResponse: (*etcdserverpb.MoveLeaderResponse)(resp),
	}, c.Explain(err)
}
