package ctl

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"etcdkit/cluster/doctor"
	"etcdkit/commands/cli"
	"etcdkit/commands/conn"
	"etcdkit/printer"
	"etcdkit/printer/view"
)

const (
	// statusTime and alarmTime limit the two steps of a status, so that it takes
	// less than a second whatever the members do.
	statusTime = 700 * time.Millisecond
	alarmTime  = 250 * time.Millisecond
	// refreshTime is how often --watch without a duration asks.
	refreshTime = 2 * time.Second
)

type statusOptions struct{ watch time.Duration }

func newStatus(a *app) *cobra.Command {
	o := &statusOptions{}
	cmd := &cobra.Command{
		Use:   "status [options]",
		Short: "Show the whole cluster in one look",
		Long: `Ask every member of the cluster at the same time and show the alarms, the quorum
and each member: the leader (*), its release, the size of its database and the
part of the quota that this is, the part in use, how many entries it lags, and
its health. Where something is wrong, the next command to type follows; doctor
finds more.

It takes less than a second, unless --command-timeout is given; a member that
does not answer by then is shown as down. The exit code is 1 if no member
answers.`,
		Example: `  etcdctl status
  etcdctl status --endpoints 10.0.0.7:2379 -w json
  etcdctl status --watch=5s`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := wantArgs(args, 0, "status accepts no arguments; did you mean endpoint status?"); err != nil {
				return err
			}
			if o.watch < 0 {
				return cli.Exit(cli.BadArgs, fmt.Errorf("--watch=%v: use a positive duration, such as 5s", o.watch))
			}
			d, p, err := a.endpointDialer(cmd)
			if err != nil {
				return err
			}
			show := func(ctx context.Context) error {
				v, err := a.clusterStatus(ctx, d, typedFlags(a, cmd))
				if err != nil {
					return err
				}
				return p.Print(v)
			}
			if o.watch == 0 {
				return show(cmd.Context())
			}
			return a.refresh(cmd.Context(), o.watch, show)
		},
	}
	cmd.Flags().DurationVar(&o.watch, "watch", 0, "show it again and again, with this pause between; on a terminal, in place")
	cmd.Flags().Lookup("watch").NoOptDefVal = refreshTime.String()
	return curlRefuses(cmd, "it makes many requests")
}

// refresh calls show until ctx ends. A failure is printed, and does not end it.
func (a *app) refresh(ctx context.Context, pause time.Duration, show func(context.Context) error) error {
	_, tty := cli.Terminal(a.streams.Out)
	for {
		if tty {
			_, _ = io.WriteString(a.streams.Out, "\x1b[H\x1b[2J") // clears the screen
		}
		if err := show(ctx); err != nil && ctx.Err() == nil {
			fmt.Fprintln(a.streams.Err, "Error:", err)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pause):
		}
	}
}

// clusterStatus asks the cluster and returns its status.
func (a *app) clusterStatus(ctx context.Context, d *conn.Dialer, typed []string) (printer.View, error) {
	checks := doctor.Quick()
	look := looking(a, d, statusTime)
	look.Deep, look.Wants = a.within(alarmTime), doctor.Needs(checks)
	p, err := look.Gather(ctx)
	if err != nil {
		return nil, err
	}
	if len(p.Members) == 0 {
		return nil, unanswered(p)
	}
	report := doctor.Examine(p, checks)
	all, up := p.Voters()
	v := view.ClusterStatus{Revision: p.Revision(), Voters: all, Up: up, Quorum: all/2 + 1}
	for _, alarm := range p.Alarms {
		v.Alarms = append(v.Alarms, alarm.GetAlarm().String()+": "+p.NameOf(alarm.GetMemberID()))
	}
	leader := p.Leader()
	for i := range p.Members {
		v.Members = append(v.Members, memberStatus(&p.Members[i], leader))
	}
	for _, s := range steps(findings(report, typed)) {
		v.Next = append(v.Next, s.For[0])
	}
	return v, nil
}

// unanswered is the error of a cluster of which no member answers.
func unanswered(p *doctor.Picture) error {
	if len(p.Strays) == 0 {
		return errors.New("no endpoint to ask: give --endpoints")
	}
	err := p.Strays[0].Err
	for _, v := range p.Strays[1:] {
		err = fmt.Errorf("%w; %w", err, v.Err)
	}
	return err
}

// memberStatus returns one member's status.
func memberStatus(m, leader *doctor.Member) view.MemberStatus {
	s := m.Status()
	v := view.MemberStatus{
		Name: m.Label(), ID: m.ID, Leader: m == leader, Learner: m.Learner, Up: m.Up(), Health: wellbeing(m),
		Size: s.GetDbSize(), InUse: s.GetDbSizeInUse(), Quota: m.Quota(),
	}
	if release := m.Version(); release != nil {
		v.Version = release.String()
	}
	if head := leader.Status(); s != nil && head != nil {
		v.Lag = int64(max(head.GetRaftAppliedIndex(), s.GetRaftAppliedIndex()) - s.GetRaftAppliedIndex())
	}
	return v
}

// wellbeing says in a few words how a member is.
func wellbeing(m *doctor.Member) string {
	switch {
	case !m.Up() && m.Name == "":
		return "never started"
	case !m.Up() && len(m.Visits) == 0:
		return "not reachable: it advertises no client URL"
	case !m.Up():
		return "down: " + cmp.Or(m.Visits[0].Err, errElse).Error()
	case m.Seen.Refused != nil:
		return "up, no rights"
	}
	if has, known := m.HasLeader(); known && !has {
		return "no leader"
	}
	return "ok"
}

var errElse = errors.New("another member answers at its URL")
