package ctl

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"etcdkit/commands/cli"
	"etcdkit/keyspace/bulk"
)

// deed returns what a command would do with its arguments, as in "This will
// ...", or "" if it needs no confirmation in a protected context.
type deed func(a *app, cmd *cobra.Command, args []string) string

// deeds are the commands that ask in a protected context, by path. txn asks by
// itself, once it has read what to do.
func deeds() map[string]deed {
	always := func(what string) deed {
		return func(_ *app, _ *cobra.Command, args []string) string {
			return strings.TrimSpace(what + " " + strings.Join(args, " "))
		}
	}
	return map[string]deed{
		"del":              delDeed,
		"put":              loadDeed,
		"import":           loadDeed,
		"make-mirror":      mirrorDeed,
		"lease revoke":     always("revoke lease"),
		"user delete":      always("delete user"),
		"role delete":      always("delete role"),
		"member remove":    always("remove member"),
		"member swap":      swapDeed,
		"auth disable":     always("disable authentication"),
		"compaction":       compactionDeed,
		"defrag":           defragDeed,
		"alarm recover":    recoverDeed,
		"downgrade enable": always("begin a downgrade to"),
		"downgrade cancel": always("cancel the downgrade"),
	}
}

// protectCommands makes the commands below a parent ask.
func protectCommands(a *app, parent *cobra.Command, deeds map[string]deed) {
	for _, cmd := range parent.Commands() {
		protectCommands(a, cmd, deeds)
		what := deeds[strings.TrimPrefix(cmd.CommandPath(), program+" ")]
		if what == nil {
			continue
		}
		addYes(cmd)
		run := cmd.RunE
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			if what := what(a, cmd, args); what != "" && a.context.protected {
				if err := confirm(a, cmd, what); err != nil {
					return err
				}
			}
			return run(cmd, args)
		}
	}
}

// isSet reports whether a boolean flag is set.
func isSet(cmd *cobra.Command, flag string) bool {
	on, err := cmd.Flags().GetBool(flag)
	return err == nil && on
}

func delDeed(_ *app, cmd *cobra.Command, args []string) string {
	switch {
	case isSet(cmd, "dry-run"):
	case len(args) == 1 && isSet(cmd, "prefix"):
		return fmt.Sprintf("delete all keys that begin with %q", args[0])
	case len(args) == 1 && isSet(cmd, "from-key"):
		return fmt.Sprintf("delete all keys from %q on", args[0])
	case len(args) == 2:
		return fmt.Sprintf("delete all keys from %q up to %q", args[0], args[1])
	}
	return ""
}

// loadDeed is that of import, and of put with --batch.
func loadDeed(_ *app, cmd *cobra.Command, _ []string) string {
	if batch := cmd.Flags().Lookup("batch"); batch != nil && batch.Value.String() == "" {
		return ""
	}
	if isSet(cmd, "dry-run") || isSet(cmd, "create-only") || cmd.Flag("on-conflict").Value.String() != bulk.Overwrite.String() {
		return ""
	}
	return "overwrite keys"
}

func compactionDeed(_ *app, _ *cobra.Command, args []string) string {
	if len(args) == 1 {
		return "compact the history up to revision " + args[0]
	}
	return "compact the history"
}

func defragDeed(_ *app, cmd *cobra.Command, _ []string) string {
	if f := cmd.Flag("data-dir"); f != nil && f.Value.String() != "" || isSet(cmd, "dry-run") {
		return ""
	}
	return "defragment members, which do not answer meanwhile,"
}

func recoverDeed(_ *app, cmd *cobra.Command, _ []string) string {
	if isSet(cmd, "dry-run") {
		return ""
	}
	return "compact the history, defragment members and disarm NOSPACE"
}

// mirrorDeed asks for the destination: it is in a protected context if that has
// the endpoint. The context of the source does not matter, as it is only read.
func mirrorDeed(a *app, _ *cobra.Command, args []string) string {
	if len(args) != 1 {
		return ""
	}
	a.context.name, a.context.protected = a.context.protects(args[0])
	return "overwrite and delete keys"
}

// protects returns the protected context that has an endpoint.
func (c *inContext) protects(endpoint string) (name string, ok bool) {
	if c.file == nil {
		return "", false
	}
	for _, name := range c.file.Names() {
		one, err := c.file.Context(name)
		if err != nil || !one.Protected {
			continue
		}
		for _, e := range strings.Split(one.Values["endpoints"], ",") {
			if hostOf(e) == hostOf(endpoint) {
				return name, true
			}
		}
	}
	return "", false
}

// hostOf returns host and port of an endpoint.
func hostOf(endpoint string) string {
	if u, err := url.Parse(endpoint); err == nil && u.Host != "" {
		return u.Host
	}
	return endpoint
}

// confirm asks the user to type the name of the protected context. Without a
// terminal, only --yes confirms. --curl sends nothing, so nothing is asked.
func confirm(a *app, cmd *cobra.Command, what string) error {
	if isSet(cmd, "yes") || a.curl {
		return nil
	}
	name := a.context.name
	if !interactive(a) {
		return fmt.Errorf("this would %s in the protected context %s: nothing was changed; --yes confirms it", what, name)
	}
	fmt.Fprintf(cli.Visible(a.streams.Err), "This will %s in the protected context %s.\nType the name of the context to continue: ", what, name)
	line, err := a.streams.ReadLine(cmd.Context())
	if err != nil {
		return err
	}
	if strings.TrimSpace(line) != name {
		return fmt.Errorf("that is not %s: nothing was changed", name)
	}
	return nil
}
