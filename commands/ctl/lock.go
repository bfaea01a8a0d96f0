package ctl

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/client/v3/concurrency"

	"etcdkit/commands/cli"
	"etcdkit/printer/view"
)

type lockOptions struct {
	ttl     int
	timeout time.Duration
	try     bool
}

func (o *lockOptions) addFlags(fs *pflag.FlagSet) {
	fs.IntVar(&o.ttl, "ttl", 10, "seconds after which others get the lock if this command is no longer connected")
	fs.DurationVar(&o.timeout, "timeout", 0, "fail if the lock is not acquired within this time (exit code 7); 0 waits forever")
	fs.BoolVar(&o.try, "try", false, "fail at once if the lock is held (exit code 7)")
}

// child returns the command to run under the lock, or nil.
func (o *lockOptions) child(args []string) (*exec.Cmd, error) {
	switch {
	case o.try && o.timeout != 0:
		return nil, cli.Exit(cli.BadArgs, errors.New("--try and --timeout exclude each other"))
	case o.timeout < 0:
		return nil, cli.Exit(cli.BadArgs, fmt.Errorf("--timeout %v: use a positive duration, such as 5s", o.timeout))
	case len(args) == 0:
		return nil, cli.Exit(cli.BadArgs, errors.New("lock takes a lock name argument and an optional command to execute"))
	}
	if len(args) == 1 {
		return nil, nil
	}
	return exec.Command(args[1], args[2:]...), nil
}

func newLock(a *app) *cobra.Command {
	o := &lockOptions{}
	cmd := &cobra.Command{
		Use:   "lock <lockname> [exec-command arg1 arg2 ...]",
		Short: "Hold a lock, or run a command under it",
		Long: `Wait for the lock <lockname>, print the key that holds it, and hold it until the
command is interrupted. If the lock is lost before, the exit code is 1. With
--try or --timeout, the exit code is 7 if the lock is not acquired.

With a command, run it while the lock is held, with ETCD_LOCK_KEY and
ETCD_LOCK_REV in its environment and an empty standard input, and return its
exit code. The command gets the signals that etcdctl gets, and is told to end
when the lock is lost. Passwords (ETCDCTL_PASSWORD, and the password in
ETCDCTL_USER) are removed from its environment. Flags of the command go after
"--".`,
		Example: `  etcdctl lock nightly
  etcdctl lock nightly ./backup.sh
  etcdctl lock nightly --try ./backup.sh
  etcdctl lock nightly --ttl 30 -- ./backup.sh --full`,
		RunE: func(cmd *cobra.Command, args []string) error {
			child, err := o.child(args)
			if err != nil {
				return err
			}
			if _, err := a.printer(); err != nil {
				return err
			}
			if child != nil && child.Err != nil {
				return child.Err
			}
			s, err := a.open(cmd)
			if err != nil {
				return err
			}
			defer s.client.Close() //nolint:errcheck // the lock is released
			return o.run(cmd.Context(), a, s, args[0], child)
		},
	}
	o.addFlags(cmd.Flags())
	return cmd
}

// run acquires the lock, holds it for as long as needed, and releases it.
func (o *lockOptions) run(ctx context.Context, a *app, s *session, name string, child *exec.Cmd) (err error) {
	var r *cli.Relay
	if child != nil {
		r = cli.NewRelay()
		defer r.Stop()
	}
	ctx, stop := cli.Interruptible(ctx) // after the relay, which leaves a running command alone then
	defer stop()
	h, err := newHold(ctx, a, s, o.ttl)
	if err != nil {
		return err
	}
	defer func() { err = h.release(ctx, err) }()
	m := concurrency.NewMutex(h.lease, name)
	if err := o.acquire(ctx, h, m, name); err != nil {
		return err
	}
	if child != nil {
		return h.runLocked(r, m, child)
	}
	resp, err := h.read(ctx, m.Key())
	if err != nil {
		return err
	}
	if len(resp.Kvs) == 0 {
		return errors.New("lock lost on init")
	}
	if err := h.session.out.Print(view.Range{Pages: view.OnePage((*etcdserverpb.RangeResponse)(resp))}); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return nil
	case <-h.lost():
		return errLost
	}
}

// acquire waits for the lock, for as long as the flags say.
func (o *lockOptions) acquire(ctx context.Context, h *hold, m *concurrency.Mutex, name string) error {
	if o.try {
		err := h.wait(ctx, m.TryLock)
		if errors.Is(err, concurrency.ErrLocked) {
			return cli.Exit(cli.NotAcquired, fmt.Errorf("lock %q not acquired: another holds it", name))
		}
		return err
	}
	waiting, cancel := ctx, func() {}
	if o.timeout > 0 {
		waiting, cancel = context.WithTimeout(ctx, o.timeout)
	}
	defer cancel()
	err := h.wait(waiting, m.Lock)
	if err != nil && ctx.Err() == nil && waiting.Err() != nil {
		return cli.Recode(cli.NotAcquired, fmt.Errorf("lock %q not acquired within %v: another holds it", name, o.timeout))
	}
	return err
}

// runLocked runs a command while the lock is held.
func (h *hold) runLocked(r *cli.Relay, m *concurrency.Mutex, child *exec.Cmd) error {
	child.Env = append(cli.WithoutPasswords(h.app.streams.Env),
		"ETCD_LOCK_KEY="+m.Key(), fmt.Sprintf("ETCD_LOCK_REV=%d", m.Header().GetRevision()))
	child.Stdout, child.Stderr = h.app.streams.Out, h.app.streams.Err
	err := r.Run(child, h.lost())
	select {
	case <-h.lost():
		return cli.Final(cli.Failure, fmt.Errorf("%w: the lock was lost while the command ran", errLost))
	default:
	}
	if err != nil {
		return cli.Final(cli.ChildCode(err), err)
	}
	return nil
}
