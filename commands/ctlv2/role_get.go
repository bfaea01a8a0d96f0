package ctlv2

import (
	"context"
	"strings"

	"github.com/spf13/cobra"
	client "go.etcd.io/etcd/client/v2"
)

func newRoleGet(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "get <role>",
		Short: "Show the permissions of a role",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := oneRole(args); err != nil {
				return err
			}
			return a.withRoles(cmd, func(ctx context.Context, api client.AuthRoleAPI) error {
				r, err := api.GetRole(ctx, args[0])
				if err != nil {
					return err
				}
				kv := r.Permissions.KV
				return a.print("Role: " + r.Role + "\nKV Read:\n" + indented(kv.Read) + "KV Write:\n" + indented(kv.Write))
			})
		},
	}
}

// indented prints each of the paths on a line after a tab.
func indented(paths []string) string {
	var b strings.Builder
	for _, p := range paths {
		b.WriteString("\t" + p + "\n")
	}
	return b.String()
}
