package ctl

import (
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func newOptions(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "options",
		Short: "Show the global flags",
		Long: `Show the flags that every command takes, before or after its name. Each can be
given as an environment variable too: --dial-timeout is ETCDCTL_DIAL_TIMEOUT.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			shown := pflag.NewFlagSet(program, pflag.ContinueOnError)
			root.PersistentFlags().VisitAll(func(f *pflag.Flag) {
				visible := *f
				visible.Hidden = false
				shown.AddFlag(&visible)
			})
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "Every command takes these flags:\n\n%s", shown.FlagUsages())
			return err
		},
	}
}
