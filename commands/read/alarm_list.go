package read

import (
	"context"

	"github.com/spf13/cobra"

	"etcdkit/printer"
	"etcdkit/printer/view"
)

// NewAlarmList returns the command that lists the alarms.
func NewAlarmList(p Program) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the alarms that are on",
		Example: p.example(`  etcdctl alarm list -w table`),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := wantArgs(args, 0, "alarm list command accepts no arguments"); err != nil {
				return err
			}
			return p.ask(cmd, func(ctx context.Context, c Cluster) (printer.View, error) {
				resp, err := c.Alarms(ctx)
				return view.Alarms{AlarmResponse: resp}, err
			})
		},
	}
}
