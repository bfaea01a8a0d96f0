package read

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/commands/cli"
	"etcdkit/internal/id"
	"etcdkit/printer"
	"etcdkit/printer/view"
)

// LeaseArg reads the id of a lease as any command prints it.
func LeaseArg(arg string) (int64, error) {
	lease, err := id.ParseLease(arg)
	if err != nil {
		return 0, cli.Exit(cli.BadArgs, fmt.Errorf("bad lease ID arg %q, expecting ID in Hex, as lease list shows it", arg))
	}
	return lease, nil
}

// NewLeaseTimeToLive returns the command that prints how long a lease has left.
func NewLeaseTimeToLive(p Program) *cobra.Command {
	r := &etcdserverpb.LeaseTimeToLiveRequest{}
	cmd := &cobra.Command{
		Use:   "timetolive <leaseID> [options]",
		Short: "Print how long a lease has left",
		Long: `Print how many seconds a lease was granted and how many it has left. A lease
that does not exist counts as expired, which is no error.`,
		Example: p.example(`  etcdctl lease timetolive 694d5765fc71500b
  etcdctl lease timetolive 694d5765fc71500b --keys -w json`),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if err := wantArgs(args, 1, "lease timetolive command needs lease ID as argument"); err != nil {
				return err
			}
			if _, err := p.Printer(p.Streams.Out); err != nil { // here upstream looks at the format before the id
				return err
			}
			if r.ID, err = LeaseArg(args[0]); err != nil {
				return err
			}
			return p.ask(cmd, func(ctx context.Context, c Cluster) (printer.View, error) {
				resp, err := c.TimeToLive(ctx, r)
				return view.LeaseTimeToLive{WithKeys: r.Keys, LeaseTimeToLiveResponse: resp}, err
			})
		},
	}
	cmd.Flags().BoolVar(&r.Keys, "keys", false, "list the keys that are attached to the lease")
	return cmd
}
