package ctl

import (
	"context"
	"errors"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/commands/cli"
	"etcdkit/printer"
	"etcdkit/printer/view"
)

// targetVersion reads the argument of downgrade validate and enable. Whether it
// is a version is for the server to say.
func targetVersion(args []string) (string, error) {
	switch {
	case len(args) == 0:
		return "", cli.Exit(cli.BadArgs, errors.New("TARGET_VERSION not provided"))
	case len(args) > 1:
		return "", cli.Exit(cli.BadArgs, errors.New("too many arguments"))
	case args[0] == "":
		return "", cli.Exit(cli.BadArgs, errors.New("target version not provided"))
	}
	return args[0], nil
}

// requestDowngrade makes a request to downgrade and prints its answer.
func requestDowngrade(a *app, cmd *cobra.Command, action clientv3.DowngradeAction, version string) error {
	return a.request(cmd, func(ctx context.Context, s *session) (printer.View, error) {
		resp, err := s.client.Downgrade(ctx, action, version)
		return view.Downgrade{Action: cmd.Name(), DowngradeResponse: (*etcdserverpb.DowngradeResponse)(resp)}, err
	})
}

func newDowngrade(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "downgrade <TARGET_VERSION>",
		Short: "Prepare the cluster to run the release before",
		Long: `Prepare the cluster to run the release before, without downtime: check that it
can be done, enable it, then replace the binary of one member after another.`,
	}
	cmd.AddCommand(newDowngradeValidate(a), newDowngradeEnable(a), newDowngradeCancel(a))
	return cmd
}

func newDowngradeValidate(a *app) *cobra.Command {
	return curlShows(a, &cobra.Command{
		Use:     "validate <TARGET_VERSION>",
		Short:   "Check whether the cluster can be downgraded",
		Example: "  etcdctl downgrade validate 3.6",
		RunE: func(cmd *cobra.Command, args []string) error {
			version, err := targetVersion(args)
			if err != nil {
				return err
			}
			return requestDowngrade(a, cmd, clientv3.DowngradeValidate, version)
		},
	}, etcdserverpb.Maintenance_Downgrade_FullMethodName)
}

func newDowngradeEnable(a *app) *cobra.Command {
	return curlShows(a, &cobra.Command{
		Use:   "enable <TARGET_VERSION>",
		Short: "Begin to downgrade the cluster",
		Long: `Let the cluster go back to a version one minor release below its own. Members of
that release may join from when "endpoint status" shows it as the storage
version; the downgrade is over when all members run it.`,
		Example: "  etcdctl downgrade enable 3.6",
		RunE: func(cmd *cobra.Command, args []string) error {
			version, err := targetVersion(args)
			if err != nil {
				return err
			}
			return requestDowngrade(a, cmd, clientv3.DowngradeEnable, version)
		},
	}, etcdserverpb.Maintenance_Downgrade_FullMethodName)
}

func newDowngradeCancel(a *app) *cobra.Command {
	return curlShows(a, &cobra.Command{
		Use:     "cancel",
		Short:   "Give up a downgrade that is under way",
		Example: "  etcdctl downgrade cancel",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return requestDowngrade(a, cmd, clientv3.DowngradeCancel, "")
		},
	}, etcdserverpb.Maintenance_Downgrade_FullMethodName)
}
