package util

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"etcdkit/commands/cli"
	"etcdkit/commands/read"
	"etcdkit/commands/repository"
	"etcdkit/snapshot"
	"etcdkit/snapshot/offline"
)

// fromFlag names the file that a command reads as if it were a cluster.
const fromFlag = "from"

// source says where a command reads from.
type source struct {
	path     string
	liveCopy bool
	salvage  bool
	lost     map[string]bool // what --salvage left out
	tail     tailOptions
	past     past
}

func (s *source) addFlags(fs *pflag.FlagSet) {
	fs.StringVar(&s.path, fromFlag, "", "read this snapshot, copy of a database, data directory of a stopped member, or repository of backups; - is standard input")
	fs.BoolVar(&s.liveCopy, "live-copy", false, "read a temporary copy of the database, which a running server may be using")
	fs.BoolVar(&s.salvage, "salvage", false, "read what can be read of a damaged file; what is left out is listed on standard error, and the exit code is 1")
	s.tail.addFlags(fs)
	s.past.addFlags(fs)
}

// check refuses flags that exclude each other.
func (s *source) check() error {
	if s.salvage && s.liveCopy {
		return cli.Exit(cli.BadArgs, errors.New("--salvage and --live-copy exclude each other: a copy of a running server's database is not damaged"))
	}
	return nil
}

// report prints damage that --salvage leaves out, once.
func (s *source) report(a *app) func(*snapshot.CorruptError) {
	return func(damage *snapshot.CorruptError) {
		where := damage.Where()
		if s.lost[where] {
			return
		}
		if s.lost == nil {
			s.lost = map[string]bool{}
		}
		s.lost[where] = true
		fmt.Fprintf(a.streams.Err, "Left out: %s\n", where)
	}
}

// complete returns an error if --salvage left something out.
func (s *source) complete() error {
	if len(s.lost) == 0 {
		return nil
	}
	return fmt.Errorf("the result is not complete: %d damaged places of %s were left out", len(s.lost), s.path)
}

// open opens the file. The caller closes it.
func (s *source) open(ctx context.Context, a *app) (*offline.Cluster, error) {
	c, err := s.find(ctx, a)
	if errors.Is(err, offline.ErrRunning) {
		return nil, fmt.Errorf("%w: read a snapshot that etcdctl snapshot save makes, or a copy with --live-copy", err)
	}
	if err != nil {
		return nil, err
	}
	if c.Dir != nil {
		s.tail.report(a, *c.Dir)
	} else if s.tail.given() {
		return nil, errors.Join(cli.Exit(cli.BadArgs, fmt.Errorf("--%s and --%s are about the WAL of a stopped member's data directory: give one with --%s", walDirFlag, uncommittedFlag, fromFlag)), c.Close())
	}
	if damage := c.CheckFreelist(); damage != nil {
		fmt.Fprintf(a.streams.Err, "Warning: the list of free pages of %s is damaged (%v); it is not needed for reading\n", s.path, damage)
	}
	return c, nil
}

func (s *source) find(ctx context.Context, a *app) (*offline.Cluster, error) {
	switch {
	case s.path == "":
		return nil, cli.Exit(cli.BadArgs, errors.New("no file to read: give a snapshot, a database or a data directory with --from, or in ETCDUTL_FROM"))
	case s.path == standardInput:
		f, err := a.openInput(ctx)
		if err != nil {
			return nil, err
		}
		return offline.New(f), nil
	case s.past.given || repository.Is(s.path):
		if s.salvage || s.liveCopy {
			return nil, cli.Exit(cli.BadArgs, fmt.Errorf("--salvage and --live-copy are about files, and %s is a repository of backups", s.path))
		}
		return s.past.open(ctx, a, s.path)
	case s.salvage:
		return offline.OpenSalvage(s.path, s.report(a))
	case s.liveCopy:
		return offline.OpenCopy(ctx, s.path)
	}
	return offline.Open(ctx, s.path, offline.Options{WALDir: s.tail.walDir, Tail: s.tail.entries()})
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
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := s.check(); err != nil {
			return err
		}
		if err := s.past.check(a, cmd.Flags()); err != nil {
			return err
		}
		return cmp.Or(run(cmd, args), s.complete())
	}
	s.addFlags(cmd.Flags())
	a.output.AddHexTo(cmd)
	return cmd
}

// environment returns the flags of a command that have a variable: those of all
// commands, and those of the commands that read a file as if it were a cluster.
func environment(cmd *cobra.Command) *pflag.FlagSet {
	fs := pflag.NewFlagSet("", pflag.ContinueOnError)
	fs.AddFlagSet(cmd.InheritedFlags())
	if from := cmd.Flags().Lookup(fromFlag); from != nil && cmd.Name() != "diff" { // whose arguments are files
		fs.AddFlag(from)
		for _, name := range []string{"age-identity", "s3-endpoint", "s3-region", "s3-path-style", "s3-ca-file"} {
			if f := cmd.Flags().Lookup(name); f != nil {
				fs.AddFlag(f)
			}
		}
		fs.AddFlagSet(cmd.PersistentFlags())
	}
	return fs
}
