package ctlv2

import (
	"context"
	"fmt"
	"reflect"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.etcd.io/etcd/client/pkg/v3/pathutil"
	client "go.etcd.io/etcd/client/v2"
)

// roleAccess is one of the commands role grant and role revoke.
type roleAccess struct {
	name, short, done string
	do                func(client.AuthRoleAPI, context.Context, string, []string, client.PermissionType) (*client.Role, error)
}

type accessOptions struct {
	path            string
	read, write, rw bool
}

func (o *accessOptions) addFlags(fs *pflag.FlagSet) {
	fs.StringVar(&o.path, "path", "", "the `key`; with a * at its end, all keys that begin so")
	fs.BoolVar(&o.read, "read", false, "to read")
	fs.BoolVar(&o.write, "write", false, "to write")
	fs.BoolVar(&o.rw, "readwrite", false, "to read and to write")
	fs.BoolVar(&o.rw, "rw", false, "a short name of --readwrite")
}

// permission checks the flags and returns which access they name.
func (o *accessOptions) permission() (client.PermissionType, error) {
	if o.path == "" {
		return 0, bad("No path specified; please use `--path`")
	}
	if want := pathutil.CanonicalURLPath(o.path); want != o.path {
		return 0, bad("Not canonical path; please use `--path=%s`", want)
	}
	switch [3]bool{o.read, o.write, o.rw} {
	case [3]bool{true, false, false}:
		return client.ReadPermission, nil
	case [3]bool{false, true, false}:
		return client.WritePermission, nil
	case [3]bool{false, false, true}:
		return client.ReadWritePermission, nil
	}
	return 0, bad("Please specify exactly one of --read, --write or --readwrite")
}

func newRoleAccess(a *app, c roleAccess) *cobra.Command {
	o := &accessOptions{}
	cmd := &cobra.Command{
		Use:     c.name + " --path <path> --read|--write|--readwrite <role>",
		Short:   c.short,
		Example: "  etcdctl role " + c.name + " --path '/app/*' --readwrite app",
		RunE: func(cmd *cobra.Command, args []string) error {
			perm, err := o.permission()
			if err != nil {
				return err
			}
			if err := oneRole(args); err != nil {
				return err
			}
			return a.withRoles(cmd, func(ctx context.Context, api client.AuthRoleAPI) error {
				before, err := api.GetRole(ctx, args[0])
				if err != nil {
					return err
				}
				after, err := c.do(api, ctx, args[0], []string{o.path}, perm)
				if err != nil {
					return err
				}
				text := fmt.Sprintf("Role %s updated\n", args[0])
				if reflect.DeepEqual(before, after) { // upstream ends this line nowhere
					text = "Role unchanged; already " + c.done + text
				}
				return a.print(text)
			})
		},
	}
	o.addFlags(cmd.Flags())
	return cmd
}
