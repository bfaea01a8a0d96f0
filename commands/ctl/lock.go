package ctl

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/client/v3/concurrency"

	"etcdkit/commands/cli"
	"etcdkit/printer/view"
)

type lockOptions struct {
	ttl int
}

func (o *lockOptions) addFlags(fs *pflag.FlagSet) {
	fs.IntVar(&o.ttl, "ttl", 10, "seconds after which others get the lock when nothing is heard of this command")
}

// child returns the command that is to run under the lock, or nil.
func (o *lockOptions) child(args []string) (*exec.Cmd, error) {
	if len(args) == 0 {
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
command is interrupted. A lock that is lost before ends it with exit code 1.

With a command, run that while the lock is held, with ETCD_LOCK_KEY and
ETCD_LOCK_REV in its environment and nothing on its standard input, and return
its exit code. It gets the signals that etcdctl gets, and is told to end when
the lock is lost. Flags of the command go after --.`,
		Example: `  etcdctl lock nightly
  etcdctl lock nightly ./backup.sh
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

// run gets the lock, keeps it for as long as it is wanted, and releases it.
func (o *lockOptions) run(ctx context.Context, a *app, s *session, name string, child *exec.Cmd) (err error) {
	var r *cli.Relay
	if child != nil {
		r = cli.NewRelay()
		defer r.Stop()
	}
	h, err := newHold(ctx, a, s, o.ttl)
	if err != nil {
		return err
	}
	defer func() { err = h.release(ctx, err) }()
	m := concurrency.NewMutex(h.lease, name)
	if err := h.wait(ctx, m.Lock); err != nil {
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

// runLocked runs a command while the lock is held.
func (h *hold) runLocked(r *cli.Relay, m *concurrency.Mutex, child *exec.Cmd) error {
	child.Env = append(slices.Clone(h.app.streams.Env),
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
