package ctl

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"

	"etcdkit/printer/view"
)

// rootName is the user, and the role, without which authentication can't be
// enabled.
const rootName = "root"

// enableAuth enables authentication. If the user root does not have the role
// root, it is granted first, as upstream does; the role may exist already, on
// which upstream fails. Each request has its own --command-timeout.
func enableAuth(ctx context.Context, a *app, s *session) error {
	enable := func(ctx context.Context) error { _, err := s.client.AuthEnable(ctx); return err }
	addRole := func(ctx context.Context) error {
		_, err := s.client.RoleAdd(ctx, rootName)
		if errors.Is(err, rpctypes.ErrRoleAlreadyExist) {
			return nil
		}
		return err
	}
	grant := func(ctx context.Context) error { _, err := s.client.UserGrantRole(ctx, rootName, rootName); return err }

	err := underLimit(ctx, a, enable)
	switch {
	case errors.Is(err, rpctypes.ErrRootUserNotExist):
		return fmt.Errorf("%w: create it with \"etcdctl user add root\"", err)
	case !errors.Is(err, rpctypes.ErrRootRoleNotExist):
		return err
	}
	for _, step := range []func(context.Context) error{addRole, grant, enable} {
		if err := underLimit(ctx, a, step); err != nil {
			return err
		}
	}
	return nil
}

// underLimit makes one of several requests under --command-timeout.
func underLimit(ctx context.Context, a *app, do func(context.Context) error) error {
	ctx, cancel := a.limit(ctx)
	defer cancel()
	return do(ctx)
}

func newAuthEnable(a *app) *cobra.Command {
	return curlShows(a, &cobra.Command{
		Use:   "enable",
		Short: "Enable authentication",
		Long: `Enable authentication. The user root must exist and needs a password. If it
does not have the role root, the role is created and granted to it.`,
		Example: `  etcdctl user add root
  etcdctl auth enable`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := wantArgs(args, 0, "auth enable command does not accept any arguments"); err != nil {
				return err
			}
			s, err := a.open(cmd)
			if err != nil {
				return err
			}
			defer s.client.Close() //nolint:errcheck // the answers are in
			if err := enableAuth(cmd.Context(), a, s); err != nil {
				return s.client.Explain(err)
			}
			return s.out.Print(view.Line("Authentication Enabled"))
		},
	}, pb.Auth_AuthEnable_FullMethodName)
}
