package ctlv2

import (
	"context"
	"io"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	client "go.etcd.io/etcd/client/v2"
)

type setOptions struct {
	ttl       ttl
	prevValue string
	prevIndex uint64
	refresh   bool
}

func (o *setOptions) addFlags(fs *pflag.FlagSet) {
	o.ttl.addTo(fs)
	fs.StringVar(&o.prevValue, "swap-with-value", "", "only if the key has this `value`")
	fs.Uint64Var(&o.prevIndex, "swap-with-index", 0, "only if the key was last modified at this `index`")
	fs.BoolVar(&o.refresh, "refresh", false, "give the key a new time to live (--ttl) and leave its value; watchers are not notified")
}

// ttl is a time to live, in seconds.
type ttl int

func (t *ttl) addTo(fs *pflag.FlagSet) {
	fs.IntVar((*int)(t), "ttl", 0, "time to live in `seconds`; 0 is for ever")
}

func (t ttl) duration() time.Duration { return time.Duration(t) * time.Second }

// request turns arguments and flags into the request. A value that is not among
// the arguments is read from stdin.
func (o *setOptions) request(args []string, stdin io.Reader) (key, value string, opts client.SetOptions, err error) {
	opts = client.SetOptions{TTL: o.ttl.duration(), PrevValue: o.prevValue, PrevIndex: o.prevIndex}
	switch {
	case !o.refresh || len(args) == 0:
		key, value, err = keyAndValue(args, stdin)
		return key, value, opts, err
	case len(args) > 1:
		return "", "", opts, badArgs("--refresh leaves the value as it is: give the key alone")
	case o.ttl <= 0:
		return "", "", opts, badArgs("--refresh needs a new time to live: add --ttl")
	}
	opts.Refresh, opts.PrevExist = true, client.PrevExist // or else the key would count as a new one
	return args[0], "", opts, nil
}

// keyAndValue returns the first two arguments. The value may be the whole of
// standard input instead.
func keyAndValue(args []string, stdin io.Reader) (key, value string, err error) {
	switch len(args) {
	case 0:
		return "", "", badArgs(keyRequired)
	case 1:
		all, err := io.ReadAll(stdin)
		if err != nil || len(all) == 0 {
			return "", "", badArgs("value required")
		}
		return args[0], string(all), nil
	}
	return args[0], args[1], nil
}

func newSet(a *app) *cobra.Command {
	o := &setOptions{}
	cmd := &cobra.Command{
		Use:   "set [options] <key> [<value>]",
		Short: "Set the value of a key",
		Long: `Set the value of a key, which is created if it does not exist. Without <value> it
is read from standard input. A key that is set loses the time to live it had,
unless --ttl gives it a new one.`,
		Example: `  etcdctl set /app/mode fast
  etcdctl set --swap-with-value fast /app/mode slow
  etcdctl set --ttl 60 /app/leader "$HOSTNAME"
  etcdctl set --refresh --ttl 60 /app/leader`,
		Annotations: map[string]string{takesValue: ""},
		RunE: func(cmd *cobra.Command, args []string) error {
			key, value, opts, err := o.request(args, a.streams.Announced("the value", a.streams.In))
			if err != nil {
				return err
			}
			return a.request(cmd, func(ctx context.Context, k client.KeysAPI) (*client.Response, error) {
				return k.Set(ctx, key, value, &opts)
			}, a.view)
		},
	}
	o.addFlags(cmd.Flags())
	return cmd
}
