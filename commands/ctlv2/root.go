package ctlv2

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"etcdkit/commands/cli"
	"etcdkit/printer"
)

// program is the name that the commands go by in help and messages.
const program = "etcdctl"

// The groups of commands in the root's help.
const (
	groupKeys    = "keys"
	groupCluster = "cluster"
	groupAuth    = "auth"
	groupUtility = "utility"
)

// Main runs etcdctl for the v2 API with the given arguments, those after the
// program's name, and returns its exit code.
func Main(ctx context.Context, s cli.Streams, args []string) cli.Code {
	root := NewRoot(s)
	return cli.Program{Root: root, Streams: s, Prefix: "ETCDCTL", Report: report, HelpFirst: cli.HelpFirst(args)}.Main(ctx, goArgs(root, args))
}

// NewRoot returns a fresh command tree on the given streams.
func NewRoot(s cli.Streams) *cobra.Command {
	cli.EnablePrefixMatching()
	a := &app{streams: s}
	root := &cobra.Command{
		Use:   program,
		Short: "Control an etcd cluster through its v2 API",
		Long: `etcdctl with ETCDCTL_API=2 reads, writes and watches the keys of etcd's v2 API,
which servers up to release 3.5 have when they are started with --enable-v2.`,
		Version:                    printer.V2Release().Program,
		Args:                       unknownCommand,
		SuggestionsMinimumDistance: 2,
		PersistentPreRun:           func(cmd *cobra.Command, _ []string) { a.flags.fromEnv(a.streams, cmd.Flags()) },
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetVersionTemplate(fmt.Sprintf("%s version: {{.Version}}\nAPI version: 2\n", program))
	root.InitDefaultVersionFlag()
	a.flags.addTo(root)
	root.AddGroup(
		&cobra.Group{ID: groupKeys, Title: "Keys and directories:"},
		&cobra.Group{ID: groupCluster, Title: "Cluster:"},
		&cobra.Group{ID: groupAuth, Title: "Authentication:"},
		&cobra.Group{ID: groupUtility, Title: "Other:"},
	)
	root.SetHelpCommand(newHelp())
	root.SetHelpCommandGroupID(groupUtility)
	add := func(group string, cmds ...*cobra.Command) {
		for _, c := range cmds {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add(groupKeys, newGet(a), newLs(a), newSet(a), newMk(a), newUpdate(a), newRm(a),
		newMkdir(a), newSetdir(a), newUpdatedir(a), newRmdir(a), newWatch(a), newExecWatch(a), newCopyToV3(a))
	add(groupCluster, newClusterHealth(a), newHealth(a), newMember(a), newStats(a), newBackup(a))
	add(groupAuth, newAuth(a), newUser(a), newRole(a))
	add(groupUtility, cli.VersionV2(program, root.Version), cli.Completion(program, ""))
	cli.FinishHelp(root, "")
	return root
}

// unknownCommand is the Args of the root; the exit code is upstream's.
func unknownCommand(root *cobra.Command, args []string) error {
	return cli.Exit(noSuchCommand, cli.UnknownCommand(root, args))
}

// family is a command that only holds others.
func family(use, short string, members ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use:                        use,
		Short:                      short,
		Args:                       unknownCommand,
		SuggestionsMinimumDistance: 2,
		RunE:                       func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	help := newHelp()
	help.Hidden = true
	cmd.AddCommand(append(members, help)...)
	return cmd
}
