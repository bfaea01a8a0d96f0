package ctl

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"etcdkit/commands/cli"
	"etcdkit/commands/read"
	"etcdkit/keyspace/live"
)

// watchRequest is the request of a line of watch -i: a watch, or a progress
// request.
type watchRequest struct {
	progress bool
	what     live.Watch
	untilNow bool     // the watch ends at the revision at which it begins
	argv     []string // the command to run for each event, or none
}

// lineError is the fault of a line that is passed over; any other error ends
// the command.
type lineError string

func (e lineError) Error() string { return string(e) }

// parseLine reads one line, which has its own flags. Those of the command
// itself are not used.
func parseLine(e read.WatchEnv, line string) (watchRequest, error) {
	words, err := splitWords(line)
	switch {
	case err != nil:
		return watchRequest{}, cli.Exit(cli.InvalidInput, err)
	case len(words) == 0:
		return watchRequest{}, lineError(fmt.Sprintf("Invalid command: %s (watch and progress supported)", line))
	case words[0] == "progress":
		return watchRequest{progress: true}, nil
	case words[0] != "watch":
		return watchRequest{}, lineError(fmt.Sprintf("Invalid command %s (only support watch)", line))
	case len(words) == 1 && len(e) == 0:
		return watchRequest{}, lineError(fmt.Sprintf("Invalid command %s (command type or key is not provided)", line))
	}
	o := &watchOptions{}
	fs := pflag.NewFlagSet("watch", pflag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Usage = func() {}
	o.addFlags(fs)
	if err := fs.Parse(words[1:]); err != nil {
		// Not the same error: cobra takes pflag.ErrHelp for its own and shows help.
		return watchRequest{}, cli.Exit(cli.BadArgs, errors.New(cli.FlagError(err).Error()))
	}
	w, err := e.SplitLine(fs.Args(), fs.ArgsLenAtDash())
	if err != nil {
		return watchRequest{}, err
	}
	what, err := o.Watch(w.Keys)
	if err != nil {
		return watchRequest{}, lineError(fmt.Sprintf("Invalid command %s (%v)", line, err))
	}
	return watchRequest{what: what, untilNow: o.UntilNow, argv: w.Argv}, nil
}

// watchLines runs the watches that the lines of standard input ask for, side by
// side, until the input ends, which is an error. A line that can't be used is
// reported and skipped, or ends the command, as in upstream's program.
func watchLines(a *app, cmd *cobra.Command, env read.WatchEnv) error {
	s, err := a.open(cmd)
	if err != nil {
		return err
	}
	defer s.client.Close() //nolint:errcheck // the watches have ended before
	w := newWatchPrinter(a, s)
	defer w.watcher.Close() //nolint:errcheck // the watches have ended before
	waiting, stop := w.wait(cmd.Context(), a)
	defer stop()
	ctx, cancel := context.WithCancelCause(waiting)
	var running sync.WaitGroup
	defer func() { // a command that is running may end its work first
		w.over.Store(true)
		cancel(nil)
		running.Wait()
	}()
	lines := bufio.NewReader(a.streams.Input(ctx))
	for {
		line, err := lines.ReadString('\n')
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			return cli.Exit(cli.InvalidInput, fmt.Errorf("error reading watch request line: %w", err))
		}
		line = strings.TrimSuffix(line, "\n")
		req, err := parseLine(env, line)
		if bad := lineError(""); errors.As(err, &bad) {
			w.complain("%s", bad)
			continue
		}
		if err != nil {
			return err
		}
		if req.progress {
			if err := w.watcher.RequestProgress(ctx); err != nil {
				return s.client.Explain(err)
			}
			continue
		}
		watching, err := w.begin(ctx, req)
		if err != nil {
			return err
		}
		running.Go(func() {
			if err := w.print(waiting, watching, req.argv); err != nil {
				cancel(err)
			}
		})
	}
}
