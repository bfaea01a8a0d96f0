package ctl

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/commands/conn"
	"etcdkit/printer"
	"etcdkit/printer/view"
)

type memberUpdateOptions struct {
	peerURLs string
}

func (o *memberUpdateOptions) addFlags(fs *pflag.FlagSet) {
	fs.StringVar(&o.peerURLs, "peer-urls", "", "the member's new peer `URLs`, separated by commas")
}

// request turns arguments and flags into a member and its new peer URLs.
func (o *memberUpdateOptions) request(args []string) (who memberArg, urls []string, err error) {
	if who, err = parseMember(args); err != nil {
		return who, nil, err
	}
	urls, err = peerURLs(o.peerURLs)
	return who, urls, err
}

func newMemberUpdate(a *app) *cobra.Command {
	o := &memberUpdateOptions{}
	cmd := &cobra.Command{
		Use:   "update <memberID> [options]",
		Short: "Change the peer URLs of a member",
		Long: `Replace the peer URLs of a member, named by its hexadecimal ID or its name as
member list shows them. The member's own flags set the addresses it listens on.`,
		Example: `  etcdctl member update 8e9e05c52164694d --peer-urls http://10.0.0.9:2380
  etcdctl member update infra2 --peer-urls http://10.0.0.9:2380`,
		RunE: func(cmd *cobra.Command, args []string) error {
			who, urls, err := o.request(args)
			if err != nil {
				return err
			}
			return changeMembers(a, cmd, func(ctx context.Context, _ *conn.Dialer, s *session) (printer.View, error) {
				id, err := who.resolve(ctx, a, s)
				if err != nil {
					return nil, err
				}
				ctx, cancel := a.limit(ctx)
				defer cancel()
				resp, err := s.client.MemberUpdate(ctx, id, urls)
				return view.MemberUpdate{Members: view.Members{Membership: (*etcdserverpb.MemberUpdateResponse)(resp)}, ID: id}, err
			})
		},
	}
	o.addFlags(cmd.Flags())
	return curlShows(a, cmd, etcdserverpb.Cluster_MemberUpdate_FullMethodName)
}
