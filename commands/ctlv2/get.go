package ctlv2

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	client "go.etcd.io/etcd/client/v2"

	"etcdkit/commands/cli"
)

type getOptions struct{ sort, quorum bool }

func (o *getOptions) addFlags(fs *pflag.FlagSet) {
	fs.BoolVar(&o.sort, "sort", false, "in the order of the keys")
	fs.BoolVarP(&o.quorum, "quorum", "q", false, "read through the quorum, not the state of one member")
}

func newGet(a *app) *cobra.Command {
	o := &getOptions{}
	cmd := &cobra.Command{
		Use:   "get [options] <key>",
		Short: "Print the value of a key",
		Example: `  etcdctl get /app/mode
  etcdctl -o extended get -q /app/mode`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return badArgs(keyRequired)
			}
			return a.get(cmd, args[0], o)
		},
	}
	o.addFlags(cmd.Flags())
	return cmd
}

// keyRequired is upstream's word on a missing key.
const keyRequired = "key required"

func (a *app) get(cmd *cobra.Command, key string, o *getOptions) error {
	p, err := a.printer(formatSimple, formatExtended, formatJSON)
	if err != nil {
		return err
	}
	resp, err := a.read(cmd, key, client.GetOptions{Sort: o.sort, Quorum: o.quorum})
	if err != nil {
		return err
	}
	if resp.Node.Dir {
		return cli.Exit(cli.Failure, bad("%s: is a directory", resp.Node.Key))
	}
	return p.Print(a.view(resp))
}

// read gets a key or a directory under --total-timeout.
func (a *app) read(cmd *cobra.Command, key string, o client.GetOptions) (*client.Response, error) {
	var resp *client.Response
	err := a.withSession(cmd, func(ctx context.Context, s *session) (err error) {
		resp, err = client.NewKeysAPI(s).Get(ctx, key, &o)
		return check(resp, err)
	})
	return resp, serverFailure(err)
}
