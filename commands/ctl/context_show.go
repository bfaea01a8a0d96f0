package ctl

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"etcdkit/cluster"
	"etcdkit/commands/cli"
	"etcdkit/printer/view"
)

func newContextShow(a *app) *cobra.Command {
	origin := false
	cmd := &cobra.Command{
		Use:   "show [name]",
		Short: "Show the values of a context, or those that apply here",
		Long: `Show the values of a context. Without a name, show the values that would apply to
a command here, and with --origin where each is from: a flag, a variable, the
context, or the default. Passwords are not shown.`,
		Example:           "  etcdctl context show prod\n  etcdctl context show --origin",
		ValidArgsFunction: completeContexts(a),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 || len(args) == 1 && origin {
				return argsError("context show accepts one name, or --origin")
			}
			p, err := a.printer()
			if err != nil {
				return err
			}
			if len(args) == 0 {
				set, all := a.effective(cmd.Root().PersistentFlags())
				if origin {
					return p.Print(all)
				}
				return p.Print(set)
			}
			f, err := contextFile(a, cmd, args, "a name")
			if err != nil {
				return err
			}
			c, err := f.Context(args[0])
			if err != nil {
				return cli.Exit(cli.BadArgs, err)
			}
			v := settings("name", "value")
			for _, name := range slices.Sorted(maps.Keys(c.Values)) {
				v.All = append(v.All, setting(name, c.Values[name], ""))
			}
			if c.Protected {
				v.All = append(v.All, setting("protected", "true", ""))
			}
			return p.Print(v)
		},
	}
	cmd.Flags().BoolVar(&origin, "origin", false, "show where each value is from, defaults included")
	return cmd
}

// settings returns an empty list of values, each with these names.
func settings(names ...string) view.Items { return view.Items{Member: "settings", Names: names} }

// setting is one value; origin may be "".
func setting(name, value, origin string) view.Item {
	i := view.Item{Line: name + ": " + value, Values: []view.Named{{Name: "name", V: name}, {Name: "value", V: value}}}
	if origin != "" {
		i.Line += " (" + origin + ")"
		i.Values = append(i.Values, view.Named{Name: "origin", V: origin})
	}
	return i
}

// effective returns the values of the global flags that are not the default, and
// all with their origin.
func (a *app) effective(fs *pflag.FlagSet) (set, all view.Items) {
	set, all = settings("name", "value"), settings("name", "value", "origin")
	fs.VisitAll(func(f *pflag.Flag) {
		from, value := a.context.origins[f.Name], valueOf(f)
		if f.Name == "password" || f.Name == "auth-jwt-token" {
			value = hidden(value)
		}
		if from != "" {
			set.All = append(set.All, setting(f.Name, value, ""))
		}
		all.All = append(all.All, setting(f.Name, value, cmp.Or(from, "default")))
	})
	return set, all
}

// hidden replaces a secret.
func hidden(secret string) string {
	if secret == "" {
		return ""
	}
	return "***"
}

func newContextTest(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "test [name]",
		Short: "Test whether the endpoints of a context answer",
		Long: `Connect to each endpoint of a context, or of the one that applies here, log in,
and ask for its status. The exit code is 1 if one does not answer.`,
		Example:           "  etcdctl context test prod",
		ValidArgsFunction: completeContexts(a),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return argsError("context test accepts one name")
			}
			if len(args) == 1 {
				a.context.flag = args[0]
			}
			if err := a.context.choose(a.streams, cmd.Root().PersistentFlags()); err != nil {
				return err
			}
			d, p, err := a.endpointDialer(cmd)
			if err != nil {
				return err
			}
			answers := cluster.Ask(cmd.Context(), askThrough(d, a.conn.Timeout()), single(d.Endpoints()), cluster.Status)
			failed := report(a, p, "status", answers)
			v := view.Items{Member: "endpoints", Names: []string{"endpoint", "version", "member_id"}}
			for _, got := range answers {
				if got.Err == nil {
					id := fmt.Sprintf("%x", got.Value.GetHeader().GetMemberId())
					v.All = append(v.All, view.Item{
						Line:   fmt.Sprintf("%s answers: etcd %s, member %s", got.Endpoint, got.Value.GetVersion(), id),
						Values: []view.Named{{Name: "endpoint", V: got.Endpoint}, {Name: "version", V: got.Value.GetVersion()}, {Name: "member_id", V: id}},
					})
				}
			}
			if err := p.Print(v); err != nil {
				return err
			}
			if failed != nil {
				return cli.Reported(cli.CodeOf(failed), failed)
			}
			return nil
		},
	}
	return cmd
}
