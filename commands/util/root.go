package util

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"etcdkit/commands/cli"
	"etcdkit/printer"
)

// program is the name that the commands go by in help and messages.
const program = "etcdutl"

// app is what the commands of one tree share.
type app struct {
	cli.Streams
	format string
	// lockTimeout is for commands that write to a database in its place, which
	// a server may have locked.
	lockTimeout time.Duration
}

// printer returns a printer of the format asked for.
func (a *app) printer() (*printer.Printer, error) {
	p, err := printer.New(a.Out, a.format, printer.Options{})
	if errors.Is(err, printer.ErrFormat) {
		return nil, cli.Exit(cli.BadFeature, err)
	}
	return p, err
}

// Main runs etcdutl with the given arguments, those after the program's name,
// and returns its exit code.
func Main(ctx context.Context, s cli.Streams, args []string) cli.Code {
	return cli.Program{Root: NewRoot(s), Streams: s}.Main(ctx, args)
}

// NewRoot returns a fresh command tree on the given streams.
func NewRoot(s cli.Streams) *cobra.Command {
	a := &app{Streams: s}
	root := &cobra.Command{
		Use:                        program,
		Short:                      "Work on etcd's files",
		Long:                       "etcdutl works on snapshot files and data directories of etcd. It never connects to a server.",
		Args:                       cli.UnknownCommand,
		SuggestionsMinimumDistance: 2,
		RunE:                       func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.CompletionOptions.DisableDefaultCmd = true
	a.addGlobalFlags(root)
	root.AddCommand(newSnapshot(a), cli.Version(program), cli.Completion(program))
	cli.FinishHelp(root, "")
	return root
}

func (a *app) addGlobalFlags(root *cobra.Command) {
	names := printer.Names()
	fs := root.PersistentFlags()
	fs.StringVarP(&a.format, "write-out", "w", "simple", "output format: "+strings.Join(names, ", "))
	fs.DurationVar(&a.lockTimeout, "timeout", 10*time.Second, "how long to wait for the lock of a database that is written to in its place; 0 is forever")
	if err := root.RegisterFlagCompletionFunc("write-out", cobra.FixedCompletions(names, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // the flag is two lines up
	}
}
