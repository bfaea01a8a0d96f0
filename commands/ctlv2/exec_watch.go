package ctlv2

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	client "go.etcd.io/etcd/client/v2"

	"etcdkit/commands/cli"
)

func newExecWatch(a *app) *cobra.Command {
	o := &waitOptions{}
	cmd := &cobra.Command{
		Use:   "exec-watch [options] <key> -- <command> [args...]",
		Short: "Run a command for each change of a key",
		Long: `Run a command for each change of a key, until interrupted. It finds the change in
ETCD_WATCH_ACTION, ETCD_WATCH_MODIFIED_INDEX, ETCD_WATCH_KEY and
ETCD_WATCH_VALUE. It is not waited for: the commands of two changes that come
close together run side by side. Changes of directories are left out.

Without -- the key is the last argument, as it has always been.`,
		Example: `  etcdctl exec-watch /app/mode -- sh -c 'echo "now $ETCD_WATCH_VALUE"'
  etcdctl exec-watch -r /app -- systemctl reload app`,
		RunE: func(cmd *cobra.Command, args []string) error {
			key, argv, err := splitCommand(args, cmd.ArgsLenAtDash())
			if err != nil {
				return err
			}
			w, err := o.request(key)
			if err != nil {
				return err
			}
			return untilInterrupted(cmd, func(ctx context.Context) error { return a.execWatch(ctx, w, argv) })
		},
	}
	o.addFlags(cmd.Flags())
	return cmd
}

// splitCommand separates the key from the command. dash is how many of the
// arguments came before --, or -1.
func splitCommand(args []string, dash int) (key string, argv []string, err error) {
	key, argv = "", nil
	switch {
	case len(args) < 2:
	case dash > 0:
		key, argv = args[0], args[dash:]
	default:
		last := len(args) - 1
		key, argv = args[last], args[:last]
	}
	if len(argv) == 0 {
		return "", nil, badArgs("key and command to exec required")
	}
	return key, argv, nil
}

func (a *app) execWatch(ctx context.Context, w *wait, argv []string) error {
	s, err := a.connect(ctx)
	if err != nil {
		return err
	}
	for {
		event, err := w.next(ctx, s)
		if err != nil {
			return serverFailure(err)
		}
		if event.Node.Dir {
			fmt.Fprintf(cli.Visible(a.streams.Err), "Ignored dir %s change\n", event.Node.Key)
			continue
		}
		child := exec.Command(argv[0], argv[1:]...)
		child.Env = a.childEnv(event)
		child.Stdout, child.Stderr = a.streams.Out, a.streams.Err
		if err := child.Start(); err != nil {
			return cli.Exit(cli.Failure, bareError{err})
		}
		go func() { _ = child.Wait() }() // how it ends is its own affair
	}
}

// childEnv is the environment of the command: the event, and all variables but
// ETCDCTL_API. As in upstream, an etcdctl in the command needs it to be set
// again.
func (a *app) childEnv(event *client.Response) []string {
	env := slices.DeleteFunc(cli.WithoutPasswords(a.streams.Env), func(v string) bool { return strings.HasPrefix(v, "ETCDCTL_API=") })
	return append(env,
		"ETCD_WATCH_ACTION="+event.Action,
		fmt.Sprintf("ETCD_WATCH_MODIFIED_INDEX=%d", event.Node.ModifiedIndex),
		"ETCD_WATCH_KEY="+event.Node.Key,
		"ETCD_WATCH_VALUE="+event.Node.Value)
}
