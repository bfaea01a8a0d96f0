package ctl

import (
	"context"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/printer"
	"etcdkit/printer/view"
)

// readUserDetail asks for a user, then for each of the user's roles. Each request
// has the command's time.
func readUserDetail(ctx context.Context, a *app, s *session, user string) (view.UserDetail, error) {
	detail := view.UserDetail{User: user}
	var roles []string
	err := underLimit(ctx, a, func(ctx context.Context) error {
		resp, err := s.client.UserGet(ctx, user)
		roles = (*etcdserverpb.AuthUserGetResponse)(resp).GetRoles()
		return err
	})
	if err != nil {
		return detail, err
	}
	for _, role := range roles {
		err := underLimit(ctx, a, func(ctx context.Context) error {
			resp, err := s.client.RoleGet(ctx, role)
			detail.Roles = append(detail.Roles, view.RoleGet{AuthRoleGetResponse: (*etcdserverpb.AuthRoleGetResponse)(resp), Role: role})
			return err
		})
		if err != nil {
			return detail, err
		}
	}
	return detail, nil
}

// printUserDetail is user get --detail.
func printUserDetail(a *app, cmd *cobra.Command, user string) error {
	s, err := a.open(cmd)
	if err != nil {
		return err
	}
	defer s.client.Close() //nolint:errcheck // the answers are in
	detail, err := readUserDetail(cmd.Context(), a, s, user)
	if err != nil {
		return s.client.Explain(err)
	}
	return s.out.Print(detail)
}

func newUserGet(a *app) *cobra.Command {
	detail := false
	cmd := &cobra.Command{
		Use:   "get [options] <name>",
		Short: "Show the roles of a user",
		Long: `Show the roles of a user, with --detail also what each of them permits (see role
get).`,
		Example: `  etcdctl user get alice
  etcdctl user get alice --detail -w table`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := wantArgs(args, 1, "user get command requires user name as its argument"); err != nil {
				return err
			}
			if detail {
				return printUserDetail(a, cmd, args[0])
			}
			return a.request(cmd, func(ctx context.Context, s *session) (printer.View, error) {
				resp, err := s.client.UserGet(ctx, args[0])
				return view.UserGet{AuthUserGetResponse: (*etcdserverpb.AuthUserGetResponse)(resp), User: args[0]}, err
			})
		},
	}
	cmd.Flags().BoolVar(&detail, "detail", false, "show the permissions of each role")
	return curlShowsUnless(a, cmd, withFlag("detail", "it makes several requests, each by the answers to those before"), etcdserverpb.Auth_UserGet_FullMethodName)
}
