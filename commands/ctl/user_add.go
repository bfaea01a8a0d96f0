package ctl

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/commands/cli"
	"etcdkit/printer"
	"etcdkit/printer/view"
)

type userAddOptions struct {
	passwordOptions
	password   string
	noPassword bool
}

func (o *userAddOptions) addFlags(fs *pflag.FlagSet) {
	o.passwordOptions.addFlags(fs)
	fs.StringVar(&o.password, "new-user-password", "", "the `password`; whoever can list processes sees it")
	fs.BoolVar(&o.noPassword, "no-password", false, "the user has no password and logs in with a client certificate")
}

// addedUser is who is to be added.
type addedUser struct {
	name, password string
	ask            bool // the password is still to be read
}

// user turns arguments and flags into a user. If a flag sets the password, the
// argument is the name, including any colons.
func (o *userAddOptions) user(args []string) (addedUser, error) {
	if err := wantArgs(args, 1, "user add command requires user name as its argument"); err != nil {
		return addedUser{}, err
	}
	if o.file != "" && (o.noPassword || o.password != "") {
		return addedUser{}, cli.Exit(cli.BadArgs, errors.New("`--password-file` cannot be set with `--no-password` or `--new-user-password`, choose one"))
	}
	u := addedUser{name: args[0], password: o.password}
	if !o.noPassword && o.password == "" {
		u.name, u.password, u.ask = strings.Cut(args[0], ":")
		u.ask = !u.ask
		switch {
		case !u.ask && o.file != "":
			return addedUser{}, cli.Exit(cli.BadArgs, errors.New("with `--password-file` the argument is the user name without a password"))
		case !u.ask && u.name == "":
			return addedUser{}, cli.Exit(cli.BadArgs, errors.New("empty user name is not allowed"))
		}
	}
	if u.name == "" {
		return addedUser{}, rpctypes.ErrUserEmpty // the server's answer, which is also that to a request without a login
	}
	return u, nil
}

func newUserAdd(a *app) *cobra.Command {
	o := &userAddOptions{}
	cmd := &cobra.Command{
		Use:   "add [options] <name>[:<password>]",
		Short: "Create a user",
		Long: `Create a user without any role. The password is asked for, unless it follows the
name or a flag says where it is.`,
		Example: `  etcdctl user add alice
  etcdctl user add alice --password-file alice.password
  pass show etcd/alice | etcdctl user add alice --password-file -
  etcdctl user add backup --no-password`,
		RunE: func(cmd *cobra.Command, args []string) error {
			u, err := o.user(args)
			if err != nil {
				return err
			}
			if _, err := a.printer(); err != nil {
				return err
			}
			if u.ask {
				if u.password, err = newPassword(cmd.Context(), a, &o.passwordOptions, u.name); err != nil {
					return err
				}
			}
			err = a.request(cmd, func(ctx context.Context, s *session) (printer.View, error) {
				resp, err := s.client.UserAddWithOptions(ctx, u.name, u.password, &clientv3.UserAddOptions{NoPassword: o.noPassword})
				return view.UserAdd{Ack: view.Ack{Response: (*etcdserverpb.AuthUserAddResponse)(resp)}, User: u.name}, err
			})
			if err == nil && !o.noPassword {
				warnOfEmpty(a.streams.Err, u.name, u.password)
			}
			return err
		},
	}
	o.addFlags(cmd.Flags())
	return curlShows(a, cmd, etcdserverpb.Auth_UserAdd_FullMethodName)
}
