package ctl

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"etcdkit/commands/cli"
	"etcdkit/commands/conn"
	"etcdkit/printer"
)

// app holds the streams and the global flags that the commands of one tree
// share. Two trees share nothing. An operation that only some commands need is
// a function with the app as its argument, not a method.
type app struct {
	streams cli.Streams
	conn    conn.Flags
	output  cli.Output
	curl    bool // show requests, don't make them
	context inContext
	shell   *shell // of which this is a line; nil outside a shell
}

// session holds the client and the printer of one command.
type session struct {
	client *conn.Client
	out    *printer.Printer
}

// printer returns a printer of the format asked for.
func (a *app) printer() (*printer.Printer, error) { return a.output.Printer(a.streams.Out) }

// dialer returns the printer and a dialer for the endpoints asked for, with
// nothing dialled yet.
func (a *app) dialer(cmd *cobra.Command) (*conn.Dialer, *printer.Printer, error) {
	return a.dialerBy(cmd, a.conn.Dialer)
}

// endpointDialer is dialer for a command that acts on each endpoint separately.
func (a *app) endpointDialer(cmd *cobra.Command) (*conn.Dialer, *printer.Printer, error) {
	return a.dialerBy(cmd, a.conn.EndpointDialer)
}

func (a *app) dialerBy(cmd *cobra.Command, resolve func(context.Context, cli.Streams) (*conn.Dialer, error)) (*conn.Dialer, *printer.Printer, error) {
	p, err := a.printer()
	if err != nil {
		return nil, nil, err
	}
	d, err := resolve(cmd.Context(), a.streams)
	return d, p, err
}

// open returns a session on all endpoints. The caller closes it.
func (a *app) open(cmd *cobra.Command) (*session, error) {
	d, p, err := a.dialer(cmd)
	if err != nil {
		return nil, err
	}
	c, err := d.Dial(cmd.Context())
	if err != nil {
		return nil, err
	}
	return &session{client: c, out: p}, nil
}

// limit bounds ctx by --command-timeout.
func (a *app) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, a.conn.Timeout())
}

// givenTimeout returns --command-timeout if it was given, otherwise 0, for
// requests that take as long as they take.
func (a *app) givenTimeout() time.Duration {
	if a.conn.TimeoutGiven() {
		return a.conn.Timeout()
	}
	return 0
}

// request opens a session, makes one request under --command-timeout and
// prints the view of its answer.
func (a *app) request(cmd *cobra.Command, do func(context.Context, *session) (printer.View, error)) error {
	s, err := a.open(cmd)
	if err != nil {
		return err
	}
	defer s.client.Close() //nolint:errcheck // the answer is in
	ctx, cancel := a.limit(cmd.Context())
	defer cancel()
	v, err := do(ctx, s)
	if err != nil {
		return s.client.Explain(err)
	}
	return s.out.Print(v)
}
