package ctl

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/commands/cli"
)

// permOptions say which keys a permission is about.
type permOptions struct {
	prefix, fromKey bool
}

func (o *permOptions) addFlags(fs *pflag.FlagSet) {
	fs.BoolVar(&o.prefix, "prefix", false, "all keys that begin with <key>")
	fs.BoolVar(&o.fromKey, "from-key", false, "all keys from <key> on, in byte order")
}

// permRange is the range of a permission in the API: an empty end means a
// single key, "\x00" no end at all.
type permRange struct {
	key, end string
	unused   []string // arguments that say nothing
}

// keys turns the arguments that name keys, at least one, into a range. The
// empty key becomes "\x00", the first possible key, since the server requires
// one. As in upstream, an end key and any arguments after it are then ignored.
func (o *permOptions) keys(args []string) (permRange, error) {
	key, more := args[0], args[1:]
	switch {
	case o.prefix && o.fromKey && (key == "" || len(more) == 0):
		return permRange{}, cli.Exit(cli.BadArgs, errors.New("--from-key and --prefix flags are mutually exclusive"))
	case key == "" && (o.prefix || o.fromKey):
		return permRange{"\x00", "\x00", more}, nil
	case key == "":
		return permRange{"\x00", "", more}, nil
	case len(more) > 0 && o.prefix:
		return permRange{}, cli.Exit(cli.BadArgs, errors.New("unexpected endkey argument with --prefix flag"))
	case len(more) > 0 && o.fromKey:
		return permRange{}, cli.Exit(cli.BadArgs, errors.New("unexpected endkey argument with --from-key flag"))
	case len(more) > 0:
		return permRange{key, more[0], more[1:]}, nil
	case o.prefix:
		return permRange{key, clientv3.GetPrefixRangeEnd(key), nil}, nil
	case o.fromKey:
		return permRange{key, "\x00", nil}, nil
	}
	return permRange{key, "", nil}, nil
}

// warn points out the arguments that say nothing.
func (r permRange) warn(w io.Writer) {
	for _, arg := range r.unused {
		fmt.Fprintf(w, "Warning: the argument %q is ignored\n", arg)
	}
}

func newRole(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "role <subcommand>",
		Short: "Work with roles",
		Long: `Work with roles. A role permits to read or write keys or ranges of keys, and is
granted to users. The role root permits everything.`,
	}
	cmd.AddCommand(newRoleAdd(a), newRoleDelete(a), newRoleGet(a), newRoleList(a), newRoleGrantPermission(a), newRoleRevokePermission(a))
	return cmd
}
