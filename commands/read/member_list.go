package read

import (
	"context"

	"github.com/spf13/cobra"

	"etcdkit/commands/cli"
	"etcdkit/printer"
	"etcdkit/printer/view"
)

// NewMemberList returns the command that lists members.
func NewMemberList(p Program) *cobra.Command {
	consistency := ""
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the members of the cluster",
		Long: `List the members of the cluster. The simple format has a line for each:

  ID, status, name, peer addresses, client addresses, is learner

A member is "unstarted" until it has joined for the first time.

If no quorum answers and --consistency is not given, the list is that of the
member that does, with a note on standard error.`,
		Example: p.example(`  etcdctl member list -w table
  etcdctl member list --consistency s --endpoints 10.0.0.7:2379
  etcdctl member list -w json --hex`),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := Serializable(consistency); err != nil {
				return err
			}
			asked := consistency
			if !cmd.Flags().Changed("consistency") {
				asked = ""
			}
			return p.ask(cmd, func(ctx context.Context, c Cluster) (printer.View, error) {
				resp, err := c.Members(ctx, asked)
				return view.MemberList{Members: view.Members{Membership: resp}}, err
			})
		},
	}
	cmd.Flags().StringVar(&consistency, "consistency", "l", "l (linearizable) asks the quorum, s (serializable) only the endpoint")
	cli.CompleteFlag(cmd, "consistency", "l", "s")
	return cmd
}
