package util

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"etcdkit/commands/cli"
	"etcdkit/docs"
	"etcdkit/internal/lock"
)

// program is the name that the commands go by in help and messages.
const program = "etcdutl"

// app holds the streams and flags that the commands of one tree share.
type app struct {
	streams cli.Streams
	output  cli.Output
	// lockTimeout is for commands that lock the database of a data directory,
	// which a server may be using.
	lockTimeout time.Duration
}

// Main runs etcdutl with the given arguments, those after the program's name,
// and returns its exit code.
func Main(ctx context.Context, s cli.Streams, args []string) cli.Code {
	return cli.Program{Root: newRoot(s, args), Streams: s, Prefix: "ETCDUTL", HelpFirst: cli.HelpFirst(args)}.Main(ctx, args)
}

// NewRoot returns a fresh command tree on the given streams.
func NewRoot(s cli.Streams) *cobra.Command { return newRoot(s, nil) }

// newRoot returns a tree that can run the given arguments; nil is any.
func newRoot(s cli.Streams, args []string) *cobra.Command {
	cli.EnablePrefixMatching()
	a := &app{streams: s}
	root := &cobra.Command{
		Use:                        program,
		Short:                      "Work on etcd's files",
		Long:                       "etcdutl works on snapshot files and data directories of etcd. It never connects to a server.",
		Args:                       cli.UnknownCommand,
		SuggestionsMinimumDistance: 2,
		PersistentPreRun: func(cmd *cobra.Command, _ []string) {
			a.output.ApplyEnv(a.streams, "ETCDUTL", environment(cmd))
			cmd.SetContext(lock.Notify(cmd.Context(), a.waiting))
		},
	}
	root.CompletionOptions.DisableDefaultCmd = true
	cli.VersionFlag(root)
	a.addGlobalFlags(root)
	root.AddGroup(
		&cobra.Group{ID: groupFiles, Title: "Snapshots, databases and data directories:"},
		&cobra.Group{ID: groupRead, Title: "Reading one of them as if it were a cluster:"},
		&cobra.Group{ID: groupUtility, Title: "Other:"},
	)
	root.SetHelpCommandGroupID(groupUtility)
	cli.AddCommands(root, a, entries(), args)
	cli.FinishHelp(root, "")
	cli.HelpTopics(root,
		cli.Topic{Name: "exit-codes", Page: docs.ExitCodes}, cli.Topic{Name: "environment", Page: docs.Environment}, cli.Topic{Name: "formats", Page: docs.Formats})
	cli.KeepAbbreviations(root, releases()...)
	return root
}

func (a *app) addGlobalFlags(root *cobra.Command) {
	a.output.AddTo(root, program)
	fs := root.PersistentFlags()
	fs.DurationVar(&a.lockTimeout, "timeout", 10*time.Second, "how long to wait for a data directory that is in use; 0 is forever")
}

// waiting says that a database is in use, before the time that it may take to
// become free.
func (a *app) waiting(path string) {
	limit := ""
	if a.lockTimeout > 0 {
		limit = fmt.Sprintf(" for up to %v (--timeout)", a.lockTimeout)
	}
	fmt.Fprintf(a.streams.Err, "Another process is using %s; waiting%s for it to stop\n", path, limit)
}

// mustMark panics where a flag was marked that was not added.
func mustMark(errs ...error) {
	if err := errors.Join(errs...); err != nil {
		panic(err)
	}
}

// warnTorn says that a WAL, of which this is the last file, does not end where a
// record does; "" is none.
func (a *app) warnTorn(file string) {
	if file != "" {
		fmt.Fprintf(a.streams.Err, "Warning: the last record of %s was not written to its end, and is left out\n", file)
	}
}
