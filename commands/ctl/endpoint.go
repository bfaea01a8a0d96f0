package ctl

import (
	"context"
	"fmt"
	"sync"

	"github.com/spf13/cobra"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/connectivity"

	"etcdkit/commands/cli"
	"etcdkit/commands/conn"
	"etcdkit/printer"
)

type endpointOptions struct {
	cluster   bool
	ownLogins bool // each endpoint has a login of its own also in upstream's 3.5
}

func newEndpoint(a *app) *cobra.Command {
	o := &endpointOptions{}
	cmd := &cobra.Command{
		Use:   "endpoint <subcommand>",
		Short: "Ask each endpoint for itself how it is",
		Long: `Ask each of the --endpoints for itself, or with --cluster each member of the
cluster that they belong to. All are asked at the same time.`,
	}
	cmd.PersistentFlags().BoolVar(&o.cluster, "cluster", false, "ask every member that the cluster has, instead of --endpoints")
	cmd.AddCommand(newEndpointHealth(a, o), newEndpointStatus(a, o), newEndpointHashKV(a, o))
	return cmd
}

// target is one server to ask: an endpoint, or all client URLs of a member, of
// which the first that can be reached is asked.
type target []string

// targets returns what a command is to ask, in the order in which it prints.
// With --cluster a member counts once, however many client URLs it has; one
// that has not been started has none and is left out.
func (o *endpointOptions) targets(ctx context.Context, a *app, d *conn.Dialer, release *printer.Release) ([]target, error) {
	var targets []target
	if !o.cluster {
		for _, e := range d.Endpoints() {
			targets = append(targets, target{e})
		}
		return targets, nil
	}
	c, err := d.Dial(ctx)
	if err != nil {
		if o.ownLogins || !release.OneLogin { // which is made before the members are asked for, as in other commands
			err = cli.Recode(cli.Failure, err)
		}
		return nil, err
	}
	defer c.Close() //nolint:errcheck // the answer is in
	ctx, cancel := a.limit(ctx)
	defer cancel()
	resp, err := c.MemberList(ctx)
	if err != nil {
		return nil, fmt.Errorf("failed to fetch endpoints from etcd cluster member list: %w", c.Explain(err))
	}
	for _, m := range resp.Members {
		if len(m.GetClientURLs()) > 0 {
			targets = append(targets, m.GetClientURLs())
		}
	}
	return targets, nil
}

// answer is what became of asking one target.
type answer[T any] struct {
	endpoint string
	value    T     // what the question returned, with or without an error
	err      error // explained
	dialed   bool  // false where the client could not even be set up or logged in
}

// question asks the one endpoint that the client is for.
type question[T any] func(ctx context.Context, c *conn.Client, endpoint string) (T, error)

// askEndpoints makes the checks that come before dialling, then asks all that
// the flags name. It returns the printer for what they answer.
func askEndpoints[T any](cmd *cobra.Command, a *app, o *endpointOptions, q question[T]) (*printer.Printer, []answer[T], error) {
	d, p, err := a.dialer(cmd)
	if err != nil {
		return nil, nil, err
	}
	d = d.FailFast()
	targets, err := o.targets(cmd.Context(), a, d, p.Release())
	if err != nil {
		return nil, nil, err
	}
	return p, askAll(cmd.Context(), a, d, targets, q), nil
}

// askAll asks all targets at the same time, each under --command-timeout, and
// returns their answers in the targets' order.
func askAll[T any](ctx context.Context, a *app, d *conn.Dialer, targets []target, q question[T]) []answer[T] {
	answers := make([]answer[T], len(targets))
	var wg sync.WaitGroup
	for i, t := range targets {
		wg.Go(func() { answers[i] = askTarget(ctx, a, d, t, q) })
	}
	wg.Wait()
	return answers
}

// askTarget returns the answer of the target's first URL that can be reached,
// or where none can what became of the first.
func askTarget[T any](ctx context.Context, a *app, d *conn.Dialer, t target, q question[T]) answer[T] {
	var first answer[T]
	for i, endpoint := range t {
		got, reached := askEndpoint(ctx, a, d, endpoint, q)
		if reached {
			return got
		}
		if i == 0 {
			first = got
		}
	}
	return first
}

func askEndpoint[T any](ctx context.Context, a *app, d *conn.Dialer, endpoint string, q question[T]) (got answer[T], reached bool) {
	c, err := d.Dial(ctx, endpoint)
	if err != nil {
		return answer[T]{endpoint: endpoint, err: err}, false
	}
	defer c.Close() //nolint:errcheck // the answer is in
	ctx, cancel := a.limit(ctx)
	defer cancel()
	value, err := q(ctx, c, endpoint)
	reached = err == nil || c.ActiveConnection().GetState() == connectivity.Ready
	return answer[T]{endpoint: endpoint, value: value, err: c.Explain(err), dialed: true}, reached
}

// maintenance is the client's maintenance API over the connection that it has.
// The client's own would open a second one to the same endpoint.
func maintenance(c *conn.Client) clientv3.Maintenance {
	return clientv3.NewMaintenanceFromMaintenanceClient(clientv3.RetryMaintenanceClient(c.Client, c.ActiveConnection()), c.Client)
}

// undialed returns the first error where no target at all could be dialled, as
// with a wrong password. There is nothing to print then.
func undialed[T any](answers []answer[T]) error {
	for _, got := range answers {
		if got.dialed {
			return nil
		}
	}
	if len(answers) == 0 {
		return nil
	}
	return answers[0].err
}

// report says on standard error which targets could not be asked for what, and
// returns the error that the command ends with: that of the last, unless one
// could not be dialled, which has an exit code of its own unless there is one login.
func report[T any](a *app, p *printer.Printer, what string, answers []answer[T]) error {
	var undialed, last error
	for _, got := range answers {
		if got.err == nil {
			continue
		}
		fmt.Fprintf(a.streams.Err, "Failed to get the %s of endpoint %s (%v)\n", what, got.endpoint, got.err)
		last = got.err
		if !got.dialed && undialed == nil {
			undialed = got.err
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
