package ctl

import (
	"github.com/spf13/cobra"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/commands/read"
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
	lease, err := read.LeaseArg(arg)
	return clientv3.LeaseID(lease), err
}
