package ctl

import "github.com/spf13/cobra"

func newAlarm(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "alarm <subcommand>",
		Short: "Show and end alarms",
		Long: `Show and end alarms. A member raises NOSPACE when its database has reached its
quota, and CORRUPT when its data differ from those of the others. The cluster
takes no more writes until somebody has ended the alarm. recover removes the cause
of NOSPACE and ends it.`,
	}
	cmd.AddCommand(newAlarmList(a), newAlarmDisarm(a), newAlarmRecover(a))
	return cmd
}
