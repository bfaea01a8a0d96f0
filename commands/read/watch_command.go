package read

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"syscall"

	"go.etcd.io/etcd/api/v3/mvccpb"

	"etcdkit/commands/cli"
)

// EventCommand is a command that is run for each event of a watch.
type EventCommand struct {
	Argv     []string
	Streams  cli.Streams
	Complain func(format string, args ...any) // prints a line on the error stream
}

// Run runs the command with an event, of a response with the given revision, in
// its environment. If the command fails, Run reports that; it returns an error
// if the command can't be run or its output is no longer read. A command that is
// running when ctx ends is terminated too.
func (c EventCommand) Run(ctx context.Context, rev int64, e *mvccpb.Event) error {
	child := exec.CommandContext(ctx, c.Argv[0], c.Argv[1:]...)
	child.Env = append(cli.WithoutPasswords(c.Streams.Env),
		fmt.Sprintf("ETCD_WATCH_REVISION=%d", rev),
		fmt.Sprintf("ETCD_WATCH_EVENT_TYPE=%q", e.GetType()),
		fmt.Sprintf("ETCD_WATCH_KEY=%q", e.GetKv().GetKey()),
		fmt.Sprintf("ETCD_WATCH_VALUE=%q", e.GetKv().GetValue()),
	)
	child.Stdout, child.Stderr = c.Streams.Out, c.Streams.Err
	child.Cancel = func() error { return child.Process.Signal(syscall.SIGTERM) }
	child.WaitDelay = cli.ChildGrace
	err := child.Run()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err == nil {
		return nil
	}
	c.Complain("command %q error (%v)", c.Argv, err) // upstream's line, which has no "Error:"
	if failed := (*exec.ExitError)(nil); errors.As(err, &failed) && !cli.BrokenPipe(failed) {
		return nil
	}
	return cli.Reported(cli.Failure, err)
}
