package ctlv2

import (
	"context"

	"github.com/spf13/cobra"
	client "go.etcd.io/etcd/client/v2"

	"etcdkit/commands/cli"
	"etcdkit/printer"
)

// app is what the commands of one tree share: the streams and the global
// flags. Two trees share nothing.
type app struct {
	cli.Streams
	flags globalFlags
}

// limit bounds ctx by --total-timeout.
func (a *app) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, a.flags.totalTimeout)
}

// request makes one request of a key under --total-timeout and prints what
// comes of it. The format is looked at first: upstream carries out the request,
// then finds that it can't print the answer, and ends well.
func (a *app) request(cmd *cobra.Command, do func(context.Context, client.KeysAPI) (*client.Response, error), show func(*client.Response) printer.View) error {
	p, err := a.printer(formatSimple, formatExtended, formatJSON)
	if err != nil {
		return err
	}
	s, err := a.connect(cmd.Context())
	if err != nil {
		return err
	}
	ctx, cancel := a.limit(cmd.Context())
	defer cancel()
	resp, err := do(ctx, client.NewKeysAPI(s))
	if err == nil {
		err = check(resp)
	}
	if err != nil {
		return serverFailure(err)
	}
	return p.Print(show(resp))
}

// check refuses an answer that is JSON and yet none of etcd's.
func check(resp *client.Response) error {
	if resp.Node == nil {
		return errNoNode
	}
	return nil
}
