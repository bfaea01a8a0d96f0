package ctl

import (
	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/cluster"
	"etcdkit/commands/cli"
	"etcdkit/printer/view"
)

func newEndpointStatus(a *app, o *endpointOptions) *cobra.Command {
	return curlShows(a, &cobra.Command{
		Use:   "status",
		Short: "Show the status of each endpoint",
		Long: `Show the status of each endpoint. The simple format has a line for each:

  endpoint, ID, version, storage version, db size, in use, percentage not in use,
  quota, is leader, is learner, raft term, raft index, raft applied index, errors,
  downgrade target version, downgrade enabled

An endpoint that does not answer is named on standard error, and the exit code
is then 1.`,
		Example: `  etcdctl endpoint status --cluster -w table
  etcdctl endpoint status --endpoints 10.0.0.7:2379,10.0.0.8:2379
  etcdctl endpoint status --cluster -w json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, answers, err := askEndpoints(cmd, a, o, cluster.Status)
			if err != nil {
				return err
			}
			if err := cluster.Undialed(answers); err != nil {
				return err
			}
			failed := report(a, p, "status", answers)
			var v view.EndpointStatus
			for _, got := range answers {
				if got.Err == nil {
					v = append(v, view.Status{Endpoint: got.Endpoint, StatusResponse: got.Value})
				}
			}
			if err := p.Print(v); err != nil {
				return err
			}
			if failed != nil {
				return cli.Reported(cli.CodeOf(failed), failed)
			}
			return nil
		},
	}, etcdserverpb.Maintenance_Status_FullMethodName)
}
