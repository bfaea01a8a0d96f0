package ctl

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/printer"
	"etcdkit/printer/view"
)

type memberUpdateOptions struct {
	peerURLs string
}

func (o *memberUpdateOptions) addFlags(fs *pflag.FlagSet) {
	fs.StringVar(&o.peerURLs, "peer-urls", "", "the member's new peer `URLs`, separated by commas")
}

// request turns arguments and flags into a member's id and its new peer URLs.
func (o *memberUpdateOptions) request(args []string) (id uint64, urls []string, err error) {
	if id, err = memberID(args); err != nil {
		return 0, nil, err
	}
	urls, err = peerURLs(o.peerURLs)
	return id, urls, err
}

func newMemberUpdate(a *app) *cobra.Command {
	o := &memberUpdateOptions{}
	cmd := &cobra.Command{
		Use:   "update <memberID> [options]",
		Short: "Change the peer URLs of a member",
		Long: `Replace the peer URLs of the member with a hexadecimal ID, as member list shows
it. Where the member listens itself is up to its own flags.`,
		Example: "  etcdctl member update 8e9e05c52164694d --peer-urls http://10.0.0.9:2380",
		RunE: func(cmd *cobra.Command, args []string) error {
			id, urls, err := o.request(args)
			if err != nil {
				return err
			}
			return a.request(cmd, func(ctx context.Context, s *session) (printer.View, error) {
				resp, err := s.client.MemberUpdate(ctx, id, urls)
				return view.MemberUpdate{Members: view.Members{Membership: (*etcdserverpb.MemberUpdateResponse)(resp)}, ID: id}, err
			})
		},
	}
	o.addFlags(cmd.Flags())
	return curlShows(a, cmd, etcdserverpb.Cluster_MemberUpdate_FullMethodName)
}
