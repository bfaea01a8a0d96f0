package ctlv2

import (
	"context"

	"github.com/spf13/cobra"
	client "go.etcd.io/etcd/client/v2"

	"etcdkit/commands/cli"
	"etcdkit/printer"
)

// app holds the streams and the global flags that the commands of one tree
// share. Two trees share nothing.
type app struct {
	streams cli.Streams
	flags   globalFlags
}

// limit bounds ctx by --total-timeout.
func (a *app) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, a.flags.totalTimeout)
}

// request makes one request of a key under --total-timeout and prints the
// result. It checks the format first: upstream sends the request, then finds
// that it can't print the answer, and exits with code 0.
func (a *app) request(cmd *cobra.Command, do func(context.Context, client.KeysAPI) (*client.Response, error), show func(*client.Response) printer.View) error {
	p, err := a.printer(formatSimple, formatExtended, formatJSON)
	if err != nil {
		return err
	}
	var resp *client.Response
	err = a.withSession(cmd, func(ctx context.Context, s *session) error {
		resp, err = do(ctx, client.NewKeysAPI(s))
		return check(resp, err)
	})
	if err != nil {
		return serverFailure(err)
	}
	return p.Print(show(resp))
}

// withSession calls do with a session, under --total-timeout.
func (a *app) withSession(cmd *cobra.Command, do func(context.Context, *session) error) error {
	s, err := a.connect(cmd.Context())
	if err != nil {
		return err
	}
	ctx, cancel := a.limit(cmd.Context())
	defer cancel()
	return do(ctx, s)
}

// check refuses an answer that is JSON but not etcd's, if there is no other
// error.
func check(resp *client.Response, err error) error {
	if err == nil && resp.Node == nil {
		return errNoNode
	}
	return err
}
