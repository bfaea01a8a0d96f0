package ctl

import (
	"fmt"

	"github.com/spf13/cobra"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/commands/cli"
	"etcdkit/internal/id"
)

func newLease(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "lease <subcommand>",
		Short: "Work with leases",
		Long: `Work with leases. A lease expires after a number of seconds unless it is kept
alive. When it ends, the keys attached to it are deleted.`,
	}
	cmd.AddCommand(newLeaseGrant(a), newLeaseRevoke(a), newLeaseTimeToLive(a), newLeaseList(a), newLeaseKeepAlive(a))
	return cmd
}

// leaseArg reads the id of a lease as any command prints it.
func leaseArg(arg string) (clientv3.LeaseID, error) {
	lease, err := id.ParseLease(arg)
	if err != nil {
		return 0, cli.Exit(cli.BadArgs, fmt.Errorf("bad lease ID arg %q, expecting ID in Hex, as lease list shows it", arg))
	}
	return clientv3.LeaseID(lease), nil
}
