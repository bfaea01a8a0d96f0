package ctl

import (
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"etcdkit/commands/cli"
	"etcdkit/commands/config"
	"etcdkit/printer/view"
)

func newContext(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "context <subcommand>",
		Short: "Manage named sets of global flags",
		Long: `Manage contexts: named sets of values for the global flags, such as endpoints
and certificates, in a file that only you can read. --context NAME, or
ETCDCTL_CONTEXT, uses one for a command. "context use" makes one the current
context, which applies only if standard error is a terminal; scripts name theirs.

Flags have precedence over variables, and variables over the context. If endpoints
come from a flag or a variable, nothing of the current context is used; --context
combines them. A context holds no passwords: it can name a file, or a command that
prints the password.

The file is ETCDCTL_CONFIG, or etcdctl/config.yaml in XDG_CONFIG_HOME (~/.config).`,
		Args: cli.UnknownCommand,
	}
	cmd.AddCommand(newContextAdd(a), newContextList(a), newContextUse(a), newContextShow(a), newContextRename(a), newContextRemove(a), newContextTest(a))
	for _, c := range cmd.Commands() {
		if c.Name() != "show" {
			freeOfContext(c)
		}
		curlRefuses(c, "it is about contexts")
	}
	return cmd
}

// contextFile reads the file for a command with exact arguments.
func contextFile(a *app, cmd *cobra.Command, args []string, names ...string) (*config.File, error) {
	if len(args) != len(names) {
		return nil, argsError("%s requires %s", strings.TrimPrefix(cmd.CommandPath(), program+" "), strings.Join(names, " and "))
	}
	f, err := config.Load(config.Path(a.streams))
	return f, cli.Exit(cli.BadArgs, err)
}

func newContextAdd(a *app) *cobra.Command {
	var protected, use, replace bool
	cmd := &cobra.Command{
		Use:   "add <name> [global flags]",
		Short: "Add a context with the global flags of this command line",
		Long: `Add a context that holds the global flags of this command line. Variables are not
stored, and paths are stored as absolute ones. With --protected, commands that
delete or overwrite much ask before they do so in this context, and without a
terminal require --yes.`,
		Example: `  etcdctl context add prod --endpoints https://10.0.0.7:2379 --cacert ca.crt --cert client.crt --key client.key --protected
  etcdctl context add dev --endpoints 127.0.0.1:2379 --user app --password-command 'pass show etcd/app' --use`,
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := contextFile(a, cmd, args, "a name")
			if err != nil {
				return err
			}
			name := args[0]
			if err := config.CheckName(name); err != nil {
				return cli.Exit(cli.BadArgs, err)
			}
			if _, err := f.Context(name); err == nil && !replace {
				return argsError("context %s exists; --replace replaces it", name)
			}
			c, err := a.contextOf(cmd.Root().PersistentFlags())
			if err != nil {
				return cli.Exit(cli.BadArgs, err)
			}
			c.Protected = protected
			f.Set(name, c)
			if use {
				f.Current = name
			}
			return f.Save()
		},
	}
	fs := cmd.Flags()
	fs.BoolVar(&protected, "protected", false, "ask before commands that delete or overwrite much")
	fs.BoolVar(&use, "use", false, "make it the current context")
	fs.BoolVar(&replace, "replace", false, "replace a context of this name")
	return cmd
}

// contextOf returns the context that the flags of the command line make.
func (a *app) contextOf(fs *pflag.FlagSet) (config.Context, error) {
	c := config.Context{Values: map[string]string{}}
	var err error
	fs.VisitAll(func(f *pflag.Flag) {
		if a.context.origins[f.Name] != "flag" || err != nil {
			return
		}
		value := valueOf(f)
		if err = storable(fs, f.Name, value); err != nil {
			return
		}
		if isPath(f.Name) {
			value, err = filepath.Abs(value)
		}
		c.Values[f.Name] = value
	})
	if err == nil && c.Values["endpoints"] == "" && c.Values["discovery-srv"] == "" {
		err = errors.New("a context needs --endpoints or --discovery-srv")
	}
	return c, err
}

// valueOf returns the value of a flag as it is written on a command line.
func valueOf(f *pflag.Flag) string {
	if list, ok := f.Value.(pflag.SliceValue); ok {
		return strings.Join(list.GetSlice(), ",")
	}
	return f.Value.String()
}

// isPath reports whether the value of a global flag is the path of a file.
func isPath(flag string) bool {
	return slices.Contains([]string{"cacert", "cert", "key", "key-password-file", "password-file"}, flag)
}

// contextItem describes a context.
func contextItem(f *config.File, name string) view.Item {
	c, _ := f.Context(name) // the name is one of f's
	where, mark, more := c.Values["endpoints"], "  ", ""
	if where == "" {
		where = "discovery-srv " + c.Values["discovery-srv"]
	}
	if name == f.Current {
		mark = "* "
	}
	if c.Protected {
		more = " (protected)"
	}
	return view.Item{
		Line: mark + name + ": " + where + more,
		Values: []view.Named{
			{Name: "name", V: name}, {Name: "current", V: name == f.Current}, {Name: "protected", V: c.Protected},
			{Name: "endpoints", V: c.Values["endpoints"]}, {Name: "user", V: c.Values["user"]},
			{Name: "flags", V: slices.Sorted(maps.Keys(c.Values))},
		},
	}
}

func newContextList(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the contexts; * marks the current one",
		Example: "  etcdctl context list\n  etcdctl context list -w table",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return argsError("context list accepts no arguments; \"etcdctl context show %s\" shows one context", cli.Quote(args[0]))
			}
			p, err := a.printer()
			if err != nil {
				return err
			}
			f, err := contextFile(a, cmd, args)
			if err != nil {
				return err
			}
			v := view.Items{Member: "contexts", Names: []string{"name", "current", "protected", "endpoints", "user", "flags"}, Wide: 5}
			for _, name := range f.Names() {
				v.All = append(v.All, contextItem(f, name))
			}
			return p.Print(v)
		},
	}
}

func newContextUse(a *app) *cobra.Command {
	none := false
	cmd := &cobra.Command{
		Use:               "use <name>",
		Short:             "Choose the current context, which applies on terminals",
		Example:           "  etcdctl context use prod\n  etcdctl context use --none",
		ValidArgsFunction: completeContexts(a),
		RunE: func(cmd *cobra.Command, args []string) error {
			names := []string{"the name of a context, or --none"}
			if none {
				names = nil
			}
			f, err := contextFile(a, cmd, args, names...)
			if err != nil {
				return err
			}
			if f.Current = ""; !none {
				f.Current = args[0]
				if _, err := f.Context(args[0]); err != nil {
					return cli.Exit(cli.BadArgs, err)
				}
			}
			return f.Save()
		},
	}
	cmd.Flags().BoolVar(&none, "none", false, "have no current context")
	return cmd
}

func newContextRename(a *app) *cobra.Command {
	return &cobra.Command{
		Use:               "rename <old name> <new name>",
		Short:             "Rename a context",
		Example:           "  etcdctl context rename dev staging",
		ValidArgsFunction: completeContexts(a),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := contextFile(a, cmd, args, "the old name", "the new one")
			if err != nil {
				return err
			}
			c, err := f.Context(args[0])
			if err == nil {
				err = config.CheckName(args[1])
			}
			if err != nil {
				return cli.Exit(cli.BadArgs, err)
			}
			if _, err := f.Context(args[1]); err == nil {
				return argsError("context %s exists", args[1])
			}
			current := f.Current == args[0]
			f.Remove(args[0])
			f.Set(args[1], c)
			if current {
				f.Current = args[1]
			}
			return f.Save()
		},
	}
}

func newContextRemove(a *app) *cobra.Command {
	return &cobra.Command{
		Use:               "remove <name>",
		Short:             "Remove a context",
		Example:           "  etcdctl context remove dev",
		ValidArgsFunction: completeContexts(a),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := contextFile(a, cmd, args, "the name of a context")
			if err != nil {
				return err
			}
			if _, err := f.Context(args[0]); err != nil {
				return cli.Exit(cli.BadArgs, err)
			}
			f.Remove(args[0])
			return f.Save()
		},
	}
}
