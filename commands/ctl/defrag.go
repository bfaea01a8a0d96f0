package ctl

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/commands/cli"
	"etcdkit/commands/conn"
	"etcdkit/printer"
	"etcdkit/printer/view"
)

type defragOptions struct {
	endpointOptions
	dataDir string
}

func (o *defragOptions) addFlags(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.BoolVar(&o.cluster, "cluster", false, "defragment every member that the cluster has, instead of --endpoints")
	fs.StringVar(&o.dataDir, "data-dir", "", "defragment this data `directory`, which no server uses (deprecated: etcdutl defrag)")
	if err := cmd.MarkFlagDirname("data-dir"); err != nil {
		panic(err) // the flag was added just before
	}
}

func newDefrag(a *app) *cobra.Command {
	o := &defragOptions{}
	cmd := &cobra.Command{
		Use:   "defrag",
		Short: "Give the disk space of deleted keys back",
		Long: `Defragment the storage of each of the --endpoints, or with --cluster of each
member of the cluster that they belong to. A member serves no requests while it
is at it, so they are defragmented one after the other; with --cluster the
leader comes last, and each member once, however many client URLs it has.

A large database takes longer than the 5 s of --command-timeout. A member goes
on defragmenting after that, but nobody waits for it.`,
		Example: `  etcdctl defrag --cluster --command-timeout 2m
  etcdctl defrag --endpoints 10.0.0.7:2379`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.dataDir != "" {
				return a.streams.HandOver(cmd, nil, "data-dir")
			}
			d, p, err := a.dialer(cmd)
			if err != nil {
				return err
			}
			d = d.FailFast()
			targets, err := o.targets(cmd.Context(), a, d, p.Release())
			if err != nil {
				return err
			}
			last := -1
			if o.cluster {
				last = leaderOf(probe(cmd.Context(), a, d, targets))
			}
			return (&defragRun{a, d, p, targets}).all(cmd.Context(), defragOrder(len(targets), last))
		},
	}
	o.addFlags(cmd)
	return curlShowsUnless(a, cmd, withFlag("data-dir", "no server is asked with --data-dir"), pb.Maintenance_Defragment_FullMethodName)
}

// defragOrder returns the numbers from 0 to n-1, with the last one given moved
// to the end unless it is -1. The leader comes last because it may lose the
// lead over it: every other member then has it behind it.
func defragOrder(n, last int) []int {
	var order []int
	for i := range n {
		if i != last {
			order = append(order, i)
		}
	}
	if last >= 0 {
		order = append(order, last)
	}
	return order
}

// defragRun defragments targets.
type defragRun struct {
	app     *app
	dialer  *conn.Dialer
	printer *printer.Printer
	targets []target
}

// all defragments the targets in the order given, and prints what is done in
// the targets' own.
func (r *defragRun) all(ctx context.Context, order []int) error {
	answers := make([]*answer[time.Duration], len(r.targets))
	var failed error
	printed := 0
	for _, i := range order {
		got := askTarget(ctx, r.app, r.dialer, r.targets[i], r.defragment)
		if ctx.Err() != nil {
			break
		}
		if !got.dialed && !unavailable(got.err) {
			return got.err // the others would refuse the login as well
		}
		answers[i] = &got
		failed = worse(failed, got)
		for ; printed < len(answers) && answers[printed] != nil; printed++ {
			if err := r.print(answers[printed]); err != nil {
				return err
			}
		}
	}
	if ctx.Err() == nil {
		return r.coded(failed, answers)
	}
	for _, got := range slices.DeleteFunc(answers[printed:], func(got *answer[time.Duration]) bool { return got == nil }) {
		if err := r.print(got); err != nil {
			return err
		}
	}
	return context.Cause(ctx)
}

// coded gives the error to end with the exit code of the release, which depends
// on its logins.
func (r *defragRun) coded(failed error, answers []*answer[time.Duration]) error {
	loggedIn := slices.ContainsFunc(answers, func(got *answer[time.Duration]) bool { return got.dialed })
	if failed == nil || !loggedIn || !r.printer.Release().OneLogin {
		return failed
	}
	return cli.Reported(cli.Failure, failed)
}

// defragment asks the one endpoint that the client is for, and returns how long
// it took.
func (r *defragRun) defragment(ctx context.Context, c *conn.Client, endpoint string) (time.Duration, error) {
	start := r.app.streams.Time()
	_, err := maintenance(c).Defragment(ctx, endpoint)
	return r.app.streams.Time().Sub(start), err
}

// print prints what became of one target.
func (r *defragRun) print(got *answer[time.Duration]) error {
	if got.err != nil {
		fmt.Fprintf(r.app.streams.Err, "Failed to defragment etcd member[%s]. took %s. (%v)\n", got.endpoint, got.value, got.err)
		return nil
	}
	return r.printer.Print(view.Defrag{Endpoint: got.endpoint, Took: got.value})
}

// worse returns the error to end with after one more answer. One that could not
// be dialled has an exit code of its own, and the first such counts.
func worse(failed error, got answer[time.Duration]) error {
	code := cli.CodeOf(got.err)
	if got.err == nil || failed != nil && (got.dialed || cli.CodeOf(failed) == code) {
		return failed
	}
	return cli.Reported(code, errors.New("not all members were defragmented"))
}
