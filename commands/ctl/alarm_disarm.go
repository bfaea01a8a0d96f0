package ctl

import (
	"context"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/printer"
	"etcdkit/printer/view"
)

func newAlarmDisarm(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "disarm",
		Short: "End all alarms",
		Long: `End all alarms and print those that were on. Mend the cause first: after NOSPACE
compact and defragment, or the next write raises the alarm again. alarm recover
does all of this.`,
		Example: `  etcdctl compaction 1200 --physical
  etcdctl defrag --cluster
  etcdctl alarm disarm`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := wantArgs(args, 0, "alarm disarm command accepts no arguments"); err != nil {
				return err
			}
			return a.request(cmd, func(ctx context.Context, s *session) (printer.View, error) {
				resp, err := s.client.AlarmDisarm(ctx, &clientv3.AlarmMember{}) // the empty alarm means all
				return view.Alarms{AlarmResponse: (*etcdserverpb.AlarmResponse)(resp)}, err
			})
		},
	}
}
