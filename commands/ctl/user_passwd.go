package ctl

import (
	"context"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/printer"
	"etcdkit/printer/view"
)

func newUserPasswd(a *app) *cobra.Command {
	o := &passwordOptions{}
	cmd := &cobra.Command{
		Use:   "passwd [options] <name>",
		Short: "Change the password of a user",
		Long: `Change the password of a user. A user who was added with --no-password can't log
in with one afterwards either: delete and add the user instead.`,
		Example: `  etcdctl user passwd alice
  etcdctl user passwd alice --password-file alice.password
  pass show etcd/alice | etcdctl user passwd alice --password-file -`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := wantArgs(args, 1, "user passwd command requires user name as its argument"); err != nil {
				return err
			}
			if _, err := a.printer(); err != nil {
				return err
			}
			password, err := newPassword(cmd.Context(), a, o, args[0])
			if err != nil {
				return err
			}
			err = a.request(cmd, func(ctx context.Context, s *session) (printer.View, error) {
				resp, err := s.client.UserChangePassword(ctx, args[0], password)
				return view.UserPasswd{Ack: view.Ack{Response: (*etcdserverpb.AuthUserChangePasswordResponse)(resp)}, User: args[0]}, err
			})
			if err == nil {
				warnOfEmpty(a.streams.Err, args[0], password)
			}
			return err
		},
	}
	o.addFlags(cmd.Flags())
	return curlShows(a, cmd, etcdserverpb.Auth_UserChangePassword_FullMethodName)
}
