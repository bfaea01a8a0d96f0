package util

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"etcdkit/commands/cli"
	"etcdkit/commands/read"
	"etcdkit/snapshot/offline"
)

// fromFlag names the file that a command reads as if it were a cluster.
const fromFlag = "from"

// source says where a command reads from.
type source struct {
	path string
}

func (s *source) addFlags(fs *pflag.FlagSet) {
	fs.StringVar(&s.path, fromFlag, "", "read this snapshot, copy of a database, or data directory of a stopped member; - is standard input")
}

// open opens the file. The caller closes it.
func (s *source) open(ctx context.Context, a *app) (*offline.Cluster, error) {
	switch s.path {
	case "":
		return nil, cli.Exit(cli.BadArgs, errors.New("no file to read: give a snapshot, a database or a data directory with --from, or in ETCDUTL_FROM"))
	case standardInput:
		f, err := a.openInput(ctx)
		if err != nil {
			return nil, err
		}
		return offline.New(f), nil
	}
	c, err := offline.Open(ctx, s.path)
	if errors.Is(err, offline.ErrRunning) {
		return nil, fmt.Errorf("%w: stop it, or read a snapshot of it", err)
	}
	return c, err
}

// reading returns a command that reads a keyspace, with --from.
func reading(command func(read.Program) *cobra.Command) func(*app) *cobra.Command {
	return func(a *app) *cobra.Command { return newReading(a, command) }
}

func newReading(a *app, command func(read.Program) *cobra.Command) *cobra.Command {
	s := &source{}
	cmd := command(read.Program{
		Name: program, Flags: "--from backup.db", Streams: &a.streams, Printer: a.output.Printer,
		Open: func(cmd *cobra.Command) (*read.Session, error) {
			p, err := a.output.Printer(a.streams.Out)
			if err != nil {
				return nil, err
			}
			c, err := s.open(cmd.Context(), a)
			if err != nil {
				return nil, err
			}
			return &read.Session{Source: c, Cluster: c, Out: p, Close: c.Close}, nil
		},
	})
	s.addFlags(cmd.Flags())
	a.output.AddHexTo(cmd)
	return cmd
}

// environment returns the flags of a command that have a variable: those of all
// commands, and those of the commands that read a file as if it were a cluster.
func environment(cmd *cobra.Command) *pflag.FlagSet {
	fs := pflag.NewFlagSet("", pflag.ContinueOnError)
	fs.AddFlagSet(cmd.InheritedFlags())
	if from := cmd.Flags().Lookup(fromFlag); from != nil {
		fs.AddFlag(from)
		fs.AddFlagSet(cmd.PersistentFlags())
	}
	return fs
}
