package ctl

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"

	"etcdkit/commands/cli"
	"etcdkit/printer"
	"etcdkit/printer/view"
)

type electOptions struct {
	listen, leader bool
}

func (o *electOptions) addFlags(fs *pflag.FlagSet) {
	fs.BoolVarP(&o.listen, "listen", "l", false, "print the leader, and each new one, without being a candidate")
	fs.BoolVar(&o.leader, "leader", false, "print the current leader once, without being a candidate")
}

// validate checks arguments and flags.
func (o *electOptions) validate(args []string) error {
	switch {
	case len(args) != 1 && len(args) != 2:
		return cli.Exit(cli.BadArgs, errors.New("elect takes one election name argument and an optional proposal argument"))
	case o.listen && o.leader:
		return cli.Exit(cli.BadArgs, errors.New("--listen and --leader exclude each other"))
	case len(args) == 2 && o.leader:
		return cli.Exit(cli.BadArgs, errors.New("proposal given but --leader is set"))
	case len(args) == 1 && !o.listen && !o.leader:
		return cli.Exit(cli.BadArgs, errors.New("no proposal argument but -l not set"))
	case len(args) == 2 && o.listen:
		return cli.Exit(cli.BadArgs, errors.New("proposal given but -l is set"))
	}
	return nil
}

func newElect(a *app) *cobra.Command {
	o := &electOptions{}
	cmd := &cobra.Command{
		Use:   "elect <election-name> [proposal]",
		Short: "Take part in an election, or watch one",
		Long: `Take part in an election: wait to be elected, print the leader's key with the
proposal as its value, and lead until the command is interrupted.

With --listen and no proposal, print key and proposal of the leader, now and
each time that it changes. With --leader, print them once; the exit code is 1 if
there is no leader.`,
		Example: `  etcdctl elect scheduler $(hostname)
  etcdctl elect scheduler --leader
  etcdctl elect scheduler --listen
  etcdctl elect scheduler --listen -w json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.validate(args); err != nil {
				return err
			}
			if o.leader {
				return printCurrentLeader(a, cmd, args[0])
			}
			s, err := a.open(cmd)
			if err != nil {
				return err
			}
			defer s.client.Close() //nolint:errcheck // the lease is released
			return o.run(cmd.Context(), a, s, args)
		},
	}
	o.addFlags(cmd.Flags())
	return cmd
}

// printCurrentLeader prints the leader of an election once.
func printCurrentLeader(a *app, cmd *cobra.Command, name string) error {
	return a.request(cmd, func(ctx context.Context, s *session) (printer.View, error) {
		resp, err := s.client.Get(ctx, name+"/", clientv3.WithFirstCreate()...)
		if err == nil && len(resp.Kvs) == 0 {
			err = fmt.Errorf("election %q has no leader", name)
		}
		return view.Range{Pages: view.OnePage((*etcdserverpb.RangeResponse)(resp))}, err
	})
}

// run takes part in the election, or watches it, until ctx ends.
func (o *electOptions) run(ctx context.Context, a *app, s *session, args []string) (err error) {
	ctx, stop := cli.Interruptible(ctx)
	defer stop()
	h, err := newHold(ctx, a, s, defaultHoldTTL)
	if err != nil {
		return err
	}
	defer func() { err = h.release(ctx, err) }()
	e := concurrency.NewElection(h.lease, args[0])
	if o.listen {
		return h.observe(ctx, e, args[0])
	}
	return h.campaign(ctx, e, args[1])
}

// campaign leads from when it is elected until ctx ends.
func (h *hold) campaign(ctx context.Context, e *concurrency.Election, proposal string) error {
	if err := h.wait(ctx, func(ctx context.Context) error { return e.Campaign(ctx, proposal) }); err != nil {
		return electionLost(err)
	}
	resp, err := h.read(ctx, e.Key())
	if err != nil {
		return err
	}
	if err := h.printLeader(resp); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return nil
	case <-h.lost():
		return electionLost(errLost)
	}
}

// electionLost adds upstream's word before the loss of the lease.
func electionLost(err error) error {
	if errors.Is(err, errLost) {
		return fmt.Errorf("elect: %w", err)
	}
	return err
}

// observe prints who leads until ctx ends.
func (h *hold) observe(ctx context.Context, e *concurrency.Election, name string) error {
	defer h.session.reportOutages(ctx, h.app, h.app.streams.Err, new(sync.Mutex))()
	for resp := range e.Observe(ctx) {
		if err := h.printLeader(resp); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	lost := errors.New("elect: observer lost")
	// The library does not return the reason. If it persists, the first request
	// of an observer reports it.
	if _, err := h.read(ctx, name+"/", clientv3.WithFirstCreate()...); err != nil {
		return fmt.Errorf("%w: %w", lost, err)
	}
	return lost
}

func (h *hold) printLeader(resp *clientv3.GetResponse) error {
	return h.session.out.Print(view.Range{Pages: view.OnePage((*etcdserverpb.RangeResponse)(resp))})
}
