package ctl

import (
	"context"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/printer"
	"etcdkit/printer/view"
)

func newAlarmList(a *app) *cobra.Command {
	return curlShows(a, &cobra.Command{
		Use:     "list",
		Short:   "List the alarms that are on",
		Example: `  etcdctl alarm list -w table`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := wantArgs(args, 0, "alarm list command accepts no arguments"); err != nil {
				return err
			}
			return a.request(cmd, func(ctx context.Context, s *session) (printer.View, error) {
				resp, err := s.client.AlarmList(ctx)
				return view.Alarms{AlarmResponse: (*etcdserverpb.AlarmResponse)(resp)}, err
			})
		},
	}, etcdserverpb.Maintenance_Alarm_FullMethodName)
}
