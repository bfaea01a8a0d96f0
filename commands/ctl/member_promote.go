package ctl

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/cluster"
	"etcdkit/commands/cli"
	"etcdkit/commands/conn"
	"etcdkit/printer"
	"etcdkit/printer/view"
)

type memberPromoteOptions struct {
	wait time.Duration
}

// promoteWait is how long --wait without a duration waits.
const promoteWait = 10 * time.Minute

func (o *memberPromoteOptions) addFlags(fs *pflag.FlagSet) {
	fs.DurationVar(&o.wait, "wait", 0, "wait until the learner is in sync, for this long at most")
	fs.Lookup("wait").NoOptDefVal = promoteWait.String()
}

// request turns arguments into the member. The duration of --wait may also
// follow as a separate argument: --wait 5m.
func (o *memberPromoteOptions) request(args []string) (memberArg, error) {
	if len(args) == 2 && o.wait == promoteWait {
		if d, err := time.ParseDuration(args[1]); err == nil {
			o.wait, args = d, args[:1]
		}
	}
	if o.wait < 0 {
		return memberArg{}, cli.Exit(cli.BadArgs, fmt.Errorf("--wait %v: use a positive duration, such as 5m", o.wait))
	}
	return parseMember(args)
}

func newMemberPromote(a *app) *cobra.Command {
	o := &memberPromoteOptions{}
	cmd := &cobra.Command{
		Use:   "promote <memberID> [options]",
		Short: "Promote a learner to a voting member",
		Long: `Promote a learner, named by its hexadecimal ID or its name as member list shows
them, to a voting member. The cluster refuses until the learner is in sync with
the leader; --wait repeats the request until then, for 10 minutes unless a
duration is given.`,
		Example: `  etcdctl member promote 8e9e05c52164694d
  etcdctl member promote infra4 --wait
  etcdctl member promote infra4 --wait 1h`,
		RunE: func(cmd *cobra.Command, args []string) error {
			who, err := o.request(args)
			if err != nil {
				return err
			}
			return changeMembers(a, cmd, func(ctx context.Context, d *conn.Dialer, s *session) (printer.View, error) {
				id, err := who.resolve(ctx, a, s)
				if err != nil {
					return nil, err
				}
				p := cluster.Promotion{Timeout: a.conn.Timeout(), Wait: o.wait, Behind: (&catchingUp{app: a, dialer: d, session: s, id: id}).report(ctx)}
				resp, err := p.Promote(ctx, s.client, id)
				return view.MemberPromote{Members: view.Members{Membership: (*etcdserverpb.MemberPromoteResponse)(resp)}, ID: id}, err
			})
		},
	}
	o.addFlags(cmd.Flags())
	return curlShows(a, cmd, etcdserverpb.Cluster_MemberPromote_FullMethodName)
}

// catchingUp reports how far a learner lags behind the leader.
type catchingUp struct {
	app     *app
	dialer  *conn.Dialer
	session *session
	id      uint64
	next    time.Time // no report before
}

// catchingUpPause is the least time between two reports.
const catchingUpPause = 5 * time.Second

// report returns a function that prints a line on standard error, if enough time
// has passed since the last.
func (c *catchingUp) report(ctx context.Context) func() {
	return func() {
		now := c.app.streams.Time()
		if now.Before(c.next) {
			return
		}
		c.next = now.Add(catchingUpPause)
		fmt.Fprintf(cli.Visible(c.app.streams.Err), "waiting until member %x is in sync with the leader%s\n", c.id, c.lag(ctx))
	}
}

// lag is how far the learner is, if that is known.
func (c *catchingUp) lag(ctx context.Context) string {
	ctx, cancel := c.app.limit(ctx)
	defer cancel()
	list, err := cluster.Serializable(ctx, c.session.client.Client, "")
	if err != nil {
		return ""
	}
	applied, all, ok := cluster.Lag(ctx, askThrough(c.dialer, c.app.conn.Timeout()), list, c.id)
	if !ok {
		return ": it does not answer yet"
	}
	return fmt.Sprintf(": %d of %d entries applied", applied, all)
}
