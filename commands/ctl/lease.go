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
		Long: `Work with leases. A lease lives for a number of seconds unless it is kept alive,
and takes the keys that are attached to it along when it ends.`,
	}
	cmd.AddCommand(newLeaseGrant(a), newLeaseRevoke(a), newLeaseTimeToLive(a), newLeaseList(a), newLeaseKeepAlive(a))
	return cmd
}

// leaseArg reads the id of a lease as any command prints it.
func leaseArg(arg string) (clientv3.LeaseID, error) {
	lease, err := id.ParseLease(arg)
	if err != nil {
		return 0, cli.Exit(cli.BadArgs, fmt.Errorf("bad lease ID arg (%w), expecting ID in Hex", err))
	}
	return clientv3.LeaseID(lease), nil
}
