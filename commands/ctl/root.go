package ctl

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"etcdkit/commands/cli"
	"etcdkit/docs"
)

// program is the name that the commands go by in help and messages.
const program = "etcdctl"

// The groups of commands in the root's help.
const (
	groupKV      = "kv"
	groupCluster = "cluster"
	groupSync    = "concurrency"
	groupAuth    = "auth"
	groupUtility = "utility"
)

// Main runs etcdctl with the given arguments, those after the program's name,
// and returns its exit code.
func Main(ctx context.Context, s cli.Streams, args []string) cli.Code {
	return cli.Program{Root: newRoot(s, args), Streams: s, Prefix: "ETCDCTL"}.Main(ctx, args)
}

// NewRoot returns a fresh command tree on the given streams.
func NewRoot(s cli.Streams) *cobra.Command { return newRoot(s, nil) }

// newRoot returns a tree that can run the given arguments; nil is any.
func newRoot(s cli.Streams, args []string) *cobra.Command {
	return newTree(&app{streams: s}, args)
}

// newTree is newRoot for an app that has its streams.
func newTree(a *app, args []string) *cobra.Command {
	cli.EnablePrefixMatching()
	if a.shell != nil {
		a.conn.Share(&a.shell.pool)
	}
	root := &cobra.Command{
		Use:                        program,
		Short:                      "Control an etcd cluster",
		Long:                       "etcdctl reads, writes and watches the keys of an etcd cluster, and looks after the cluster itself.",
		Args:                       cli.UnknownCommand,
		SuggestionsMinimumDistance: 2,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if completes(cmd.Name()) { // the flags of the completed line count, which are parsed later
				return nil
			}
			if err := applyGlobal(a, cmd); err != nil {
				return err
			}
			return checkCurl(a, cmd)
		},
	}
	root.CompletionOptions.DisableDefaultCmd = true
	cli.VersionFlag(root)
	addGlobalFlags(a, root, args)
	root.AddGroup(
		&cobra.Group{ID: groupKV, Title: "Keys and leases:"},
		&cobra.Group{ID: groupCluster, Title: "Cluster:"},
		&cobra.Group{ID: groupSync, Title: "Concurrency:"},
		&cobra.Group{ID: groupAuth, Title: "Authentication:"},
		&cobra.Group{ID: groupUtility, Title: "Other:"},
	)
	root.SetHelpCommandGroupID(groupUtility)
	cli.AddCommands(root, a, entries(root), args)
	protectCommands(a, root, deeds())
	if len(args) > 0 && completes(args[0]) {
		completeArguments(a, root)
	}
	cli.FinishHelp(root, fmt.Sprintf("Use %q for the global flags, which every command takes.", program+" options"))
	cli.HelpTopics(root,
		cli.Topic{Name: "exit-codes", Page: docs.ExitCodes}, cli.Topic{Name: "environment", Page: docs.Environment},
		cli.Topic{Name: "formats", Page: docs.Formats}, cli.Topic{Name: "tls", Page: docs.TLS},
		cli.Topic{Name: "auth", Page: docs.Auth}, cli.Topic{Name: "templates", Page: docs.Templates})
	cli.KeepAbbreviations(root, releases()...)
	return root
}

// completes reports whether a command is the one by which shells complete lines.
func completes(name string) bool { return strings.HasPrefix(name, cobra.ShellCompRequestCmd) }

// addGlobalFlags adds the flags that every command takes. They are hidden from
// each command's help and shown by the options command, and to shells that
// complete a line.
func addGlobalFlags(a *app, root *cobra.Command, args []string) {
	fs := root.PersistentFlags()
	a.conn.AddTo(fs)
	a.output.AddTo(root, program)
	a.output.AddHexTo(root)
	addCurlTo(a, root)
	addContextTo(a, root)
	completing := len(args) > 0 && completes(args[0])
	fs.VisitAll(func(f *pflag.Flag) { f.Hidden = !completing })
}
