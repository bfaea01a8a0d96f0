package ctl

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"etcdkit/commands/cli"
	"etcdkit/commands/config"
)

// contextFlag names the context to use.
const contextFlag = "context"

// inContext is the context that applies to a command.
type inContext struct {
	flag      string // --context, or its variable
	name      string // "" if none applies
	protected bool
	// completing is true while a shell completes a line, which a person types.
	completing bool
	current    string            // the current one of the shell, whatever the file says by now; "" for that of the file
	file       *config.File      // nil if it was not read
	origins    map[string]string // where the value of a global flag is from, by name; the default if it is missing
}

// addContextTo adds the flag that names a context.
func addContextTo(a *app, root *cobra.Command) {
	root.PersistentFlags().StringVar(&a.context.flag, contextFlag, "", "use the values of this context (see \"etcdctl context\")")
	if err := root.RegisterFlagCompletionFunc(contextFlag, completeContexts(a)); err != nil {
		panic(err) // the flag was added above
	}
}

// completeContexts completes a name.
func completeContexts(a *app) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		f, err := config.Load(config.Path(a.streams))
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return f.Names(), cobra.ShellCompDirectiveNoFileComp
	}
}

// contextFree is an annotation of commands to which no context applies: those
// that connect to no cluster, and those that work on the contexts.
const contextFree = "context free"

// freeOfContext marks a command, with its subcommands, as one to which no context
// applies. It returns cmd.
func freeOfContext(cmd *cobra.Command) *cobra.Command { return annotate(cmd, contextFree, "yes") }

// applyGlobal sets the global flags that were not given: from their variables,
// and then from the context. Endpoints that were given have precedence over a
// context that was not: then nothing of it is used, so that no user or
// certificate of one cluster is sent to another.
func applyGlobal(a *app, cmd *cobra.Command) error {
	fs := pflag.NewFlagSet("", pflag.ContinueOnError)
	fs.AddFlagSet(cmd.InheritedFlags())
	fs.AddFlagSet(cmd.Root().PersistentFlags()) // those that a flag of the command hides
	a.context.origins = map[string]string{}
	given(fs, a.context.origins, func(string) string { return "flag" })
	if a.shell == nil {
		a.output.ApplyEnv(a.streams, "ETCDCTL", fs)
		given(fs, a.context.origins, func(name string) string { return cli.EnvName("ETCDCTL", name) })
	} else {
		a.shell.apply(a, fs)
	}
	for c := cmd; c != nil; c = c.Parent() {
		if c.Annotations[contextFree] != "" {
			return nil
		}
	}
	return a.context.choose(a.streams, fs)
}

// given notes the origin of the flags that have been set since the last call.
func given(fs *pflag.FlagSet, origins map[string]string, origin func(name string) string) {
	fs.VisitAll(func(f *pflag.Flag) {
		if _, known := origins[f.Name]; f.Changed && !known {
			origins[f.Name] = origin(f.Name)
		}
	})
}

// choose finds the context and sets flags from it. One that is only the current
// one applies on a terminal: scripts name theirs.
func (c *inContext) choose(s cli.Streams, fs *pflag.FlagSet) error {
	if _, tty := cli.Terminal(s.Err); c.flag == "" && !tty && !c.completing {
		return nil
	}
	var err error
	if c.file, err = config.Load(config.Path(s)); err != nil {
		return cli.Exit(cli.BadArgs, err)
	}
	name := cmp.Or(c.flag, c.current, c.file.Current)
	if name == "" || c.flag == "" && (fs.Changed("endpoints") || fs.Changed("discovery-srv")) {
		return nil
	}
	chosen, err := c.file.Context(name)
	if err != nil {
		return cli.Exit(cli.BadArgs, err)
	}
	c.name, c.protected = name, chosen.Protected
	if from := c.origins["endpoints"]; chosen.Values["endpoints"] != "" && strings.HasPrefix(from, "ETCDCTL_") {
		fmt.Fprintf(s.Err, "Warning: the endpoints are those of %s, not of context %s\n", from, name)
	}
	return cli.Exit(cli.BadArgs, c.set(fs, chosen))
}

// set sets the flags that have no other origin.
func (c *inContext) set(fs *pflag.FlagSet, chosen config.Context) error {
	for _, flag := range slices.Sorted(maps.Keys(chosen.Values)) {
		err := storable(fs, flag, chosen.Values[flag])
		if err == nil && !fs.Changed(flag) {
			err = fs.Set(flag, chosen.Values[flag])
			c.origins[flag] = "context " + c.name
		}
		if err != nil {
			return fmt.Errorf("context %s in %s: %w", c.name, c.file.Path(), err)
		}
	}
	return nil
}

// storable returns an error for what a context does not hold.
func storable(fs *pflag.FlagSet, flag, value string) error {
	switch {
	case flag == "password" || flag == "auth-jwt-token" || flag == "user" && strings.Contains(value, ":"):
		return fmt.Errorf("--%s: a context holds no secrets: use --password-file or --password-command, or leave the password out to be asked for it", flag)
	case value == "":
		return fmt.Errorf("--%s is empty", flag)
	case flag == contextFlag || flag == "curl" || fs.Lookup(flag) == nil:
		return fmt.Errorf("%q is not a global flag that a context can hold", flag)
	}
	return nil
}

// addYes adds the flag that answers the question of a protected context.
func addYes(cmd *cobra.Command) {
	if cmd.Flags().Lookup("yes") == nil {
		cmd.Flags().Bool("yes", false, "do not ask if the context is protected")
	}
}
