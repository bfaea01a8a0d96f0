package ctl

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"

	"etcdkit/cluster"
	"etcdkit/commands/cli"
	"etcdkit/commands/conn"
	"etcdkit/printer"
	"etcdkit/printer/view"
)

type memberAddOptions struct {
	peerURLs string
	learner  bool
}

func (o *memberAddOptions) addFlags(fs *pflag.FlagSet) {
	fs.StringVar(&o.peerURLs, "peer-urls", "", "the new member's peer `URLs`, separated by commas")
	fs.BoolVar(&o.learner, "learner", false, "add it without a vote until it is promoted")
}

// request turns arguments and flags into the new member's name and peer URLs.
func (o *memberAddOptions) request(args []string) (name string, urls []string, err error) {
	if len(args) == 0 {
		return "", nil, cli.Exit(cli.BadArgs, errors.New("member name not provided"))
	}
	if len(args) > 1 {
		var hint strings.Builder
		for _, arg := range args {
			if strings.HasPrefix(strings.ToLower(arg), "http") {
				hint.WriteString(", did you mean --peer-urls=" + arg)
			}
		}
		return "", nil, cli.Exit(cli.BadArgs, errors.New("too many arguments"+hint.String()))
	}
	urls, err = peerURLs(o.peerURLs)
	return args[0], urls, err
}

// send makes the request.
func (o *memberAddOptions) send(ctx context.Context, s *session, urls []string) (*etcdserverpb.MemberAddResponse, error) {
	add := s.client.MemberAdd
	if o.learner {
		add = s.client.MemberAddAsLearner
	}
	resp, err := add(ctx, urls)
	return (*etcdserverpb.MemberAddResponse)(resp), err
}

func newMemberAdd(a *app) *cobra.Command {
	o := &memberAddOptions{}
	cmd := &cobra.Command{
		Use:   "add <memberName> [options]",
		Short: "Add a member to the cluster",
		Long: `Add a member to the cluster before it is started. The simple format prints the
environment variables to start it with.

The new member counts towards the quorum at once: in a cluster of one, nothing
can be written until it has joined. Add it with --learner to avoid that. etcdctl
warns in that case.`,
		Example: `  etcdctl member add infra4 --peer-urls http://10.0.0.8:2380
  etcdctl member add infra4 --peer-urls http://10.0.0.8:2380 --learner`,
		RunE: func(cmd *cobra.Command, args []string) error {
			name, urls, err := o.request(args)
			if err != nil {
				return err
			}
			return changeMembers(a, cmd, func(ctx context.Context, d *conn.Dialer, s *session) (printer.View, error) {
				if err := o.before(ctx, a, d, s); err != nil {
					return nil, err
				}
				ctx, cancel := a.limit(ctx)
				defer cancel()
				resp, err := o.send(ctx, s, urls)
				if errors.Is(err, rpctypes.ErrMemberNotFound) { // ids are made from the URLs and the second
					err = fmt.Errorf("%w: a member with these peer URLs was removed within this second; run the command again", err)
				}
				return view.MemberAdd{Members: view.Members{Membership: resp}, NewName: name, PeerURLs: o.peerURLs}, err
			})
		},
	}
	o.addFlags(cmd.Flags())
	return curlShows(a, cmd, etcdserverpb.Cluster_MemberAdd_FullMethodName)
}

// before warns if nothing can be written until the new member has joined, which
// a learner avoids. Without a list of members the server decides; the error is
// that of one that does not answer at all.
func (o *memberAddOptions) before(ctx context.Context, a *app, d *conn.Dialer, s *session) error {
	if o.learner {
		return nil
	}
	limited, cancel := a.limit(ctx)
	defer cancel()
	list, err := cluster.Serializable(limited, s.client.Client, "")
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return err
	case err == nil:
		up := cluster.Up(ctx, askThrough(d, a.conn.Timeout()), list)
		caution(a.streams.Err, additionWarning(cluster.CountVoters(list.Members, up)))
	}
	return nil
}

// additionWarning returns the warning before a voter is added, which is not up
// until it has joined. It is empty if the cluster keeps its quorum meanwhile.
func additionWarning(v cluster.Voters) string {
	if why := v.WithOneMore().Shortfall(); why != "" {
		return "Warning: with the new member " + why + ", until it has joined (--learner adds it without a vote)"
	}
	return ""
}
