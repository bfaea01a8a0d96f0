package ctl

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/cluster"
	"etcdkit/commands/cli"
	"etcdkit/commands/conn"
	"etcdkit/printer"
)

type endpointOptions struct {
	cluster   bool
	ownLogins bool // each endpoint has a separate login also in upstream's 3.5
}

func newEndpoint(a *app) *cobra.Command {
	o := &endpointOptions{}
	cmd := &cobra.Command{
		Use:   "endpoint <subcommand>",
		Short: "Query each endpoint directly",
		Long: `Query each of the --endpoints directly, or with --cluster each member of the
cluster that they belong to. All are queried at the same time.

Without a quorum, --cluster uses the member list of the endpoint that answers,
and says so on standard error.`,
	}
	cmd.PersistentFlags().BoolVar(&o.cluster, "cluster", false, "query every member of the cluster instead of --endpoints")
	cmd.AddCommand(newEndpointHealth(a, o), newEndpointStatus(a, o), newEndpointHashKV(a, o))
	return cmd
}

// memberConn is a connection to one member.
type memberConn struct{ client *conn.Client }

func (m memberConn) API() *clientv3.Client   { return m.client.Client }
func (m memberConn) Explain(err error) error { return m.client.Explain(err) }
func (m memberConn) Close() error            { return m.client.Close() }

// askThrough returns a function that asks members through d, within timeout
// each; 0 is no limit.
func askThrough(d *conn.Dialer, timeout time.Duration) cluster.Dialer {
	d = d.FailFast()
	return cluster.Dialer{Timeout: timeout, Dial: func(ctx context.Context, endpoint string) (cluster.Conn, error) {
		c, err := d.Dial(ctx, endpoint)
		if err != nil {
			return nil, err
		}
		return memberConn{c}, nil
	}}
}

// single returns each endpoint as a separate target.
func single(endpoints []string) []cluster.Target {
	var targets []cluster.Target
	for _, e := range endpoints {
		targets = append(targets, cluster.Target{e})
	}
	return targets
}

// targets returns the targets of a command, in the order in which it prints
// them. With --cluster a member counts once, however many client URLs it has;
// one that was never started has none and is omitted.
func (o *endpointOptions) targets(ctx context.Context, a *app, d *conn.Dialer, release *printer.Release) ([]cluster.Target, error) {
	if !o.cluster {
		return single(d.Endpoints()), nil
	}
	c, err := d.FailFast().Dial(ctx)
	if err != nil {
		if o.ownLogins || !release.OneLogin { // which is made before the members are asked for, as in other commands
			err = cli.Recode(cli.Failure, err)
		}
		return nil, err
	}
	defer c.Close() //nolint:errcheck // the answer has arrived
	list, err := listMembers(ctx, a, c)
	var targets []cluster.Target
	if err == nil {
		targets, _, err = cluster.Targets(list.Members)
	}
	if err != nil {
		return nil, fmt.Errorf("failed to fetch endpoints from etcd cluster member list: %w", err)
	}
	return targets, nil
}

// listMembers lists the members. It prints a note on standard error if the list
// is not the quorum's.
func listMembers(ctx context.Context, a *app, c *conn.Client) (cluster.List, error) {
	list, err := cluster.Members(ctx, c, a.conn.Timeout())
	if err != nil {
		return cluster.List{}, c.Explain(err)
	}
	if list.Stale != nil {
		fmt.Fprintf(cli.Visible(a.streams.Err), "Note: no quorum answers (%v); the member list is what member %x knows and may be out of date\n",
			list.Stale, list.Header.GetMemberId())
	}
	return list, nil
}

// askEndpoints makes the checks that come before dialing, then asks all that
// the flags name. It returns the printer for their answers.
func askEndpoints[T any](cmd *cobra.Command, a *app, o *endpointOptions, q cluster.Question[T]) (*printer.Printer, []cluster.Answer[T], error) {
	d, p, err := a.endpointDialer(cmd)
	if err != nil {
		return nil, nil, err
	}
	targets, err := o.targets(cmd.Context(), a, d, p.Release())
	if err != nil {
		return nil, nil, err
	}
	return p, cluster.Ask(cmd.Context(), askThrough(d, a.conn.Timeout()), targets, q), nil
}

// report names on standard error the targets that did not answer, and returns
// the error that the command ends with: that of the last, unless one could not
// be dialed, which has a separate exit code unless there is one login for all.
func report[T any](a *app, p *printer.Printer, what string, answers []cluster.Answer[T]) error {
	var undialed, last error
	for _, got := range answers {
		if got.Err == nil {
			continue
		}
		fmt.Fprintf(cli.Visible(a.streams.Err), "Failed to get the %s of endpoint %s (%v)\n", what, got.Endpoint, got.Err)
		last = got.Err
		if !got.Dialed && undialed == nil {
			undialed = got.Err
		}
	}
	switch {
	case undialed == nil:
		return last
	case p.Release().OneLogin:
		return cli.Recode(cli.Failure, last)
	default:
		return undialed
	}
}
