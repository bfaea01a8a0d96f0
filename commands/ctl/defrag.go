package ctl

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/cluster"
	"etcdkit/commands/cli"
	"etcdkit/printer"
	"etcdkit/printer/view"
)

type defragOptions struct {
	endpointOptions
	guardOptions
	dataDir string
}

func (o *defragOptions) addFlags(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.BoolVar(&o.cluster, "cluster", false, "defragment every member of the cluster instead of --endpoints")
	fs.StringVar(&o.dataDir, "data-dir", "", "defragment this data `directory`, which no server may be using (deprecated: use etcdutl defrag)")
	if err := cmd.MarkFlagDirname("data-dir"); err != nil {
		panic(err) // the flag was added just before
	}
	o.addTo(fs)
}

func newDefrag(a *app) *cobra.Command {
	o := &defragOptions{}
	cmd := &cobra.Command{
		Use:   "defrag",
		Short: "Reclaim disk space by defragmenting",
		Long: `Defragment the storage of each of the --endpoints, or with --cluster of each
member of the cluster that they belong to. A member serves no requests while it
is defragmented, so this is done to one member at a time; with --cluster the
leader comes last, and each member once, however many client URLs it has.

A member is waited for until it has finished, unless --command-timeout is given.
A member whose time runs out continues to defragment; etcdctl stops waiting.

With --cluster --guard, members are defragmented only while that is safe:
followers first, the one with most to gain before the others, then the lead is
moved to a voting follower that is done, and its former member comes last.
Before and after each member the cluster must be healthy: one leader, no alarm
CORRUPT, the voting members caught up, and a quorum left without that member.
The plan is printed first, with an estimate of how long each member does not
answer and of the disk space that it needs meanwhile; --dry-run shows only
that. At the first problem the command stops with exit code 23 and says what is
done and what is left; Ctrl-C stops it between two members.`,
		Example: `  etcdctl defrag --cluster
  etcdctl defrag --cluster --guard --dry-run
  etcdctl defrag --cluster --guard --if-free-percent 30 --if-free-bytes 200MB
  etcdctl defrag --endpoints 10.0.0.7:2379`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case o.dataDir != "":
				return a.streams.HandOver(cmd, nil, "data-dir")
			case o.guard:
				return o.guarded(cmd, a)
			}
			if _, err := o.limits(cmd); err != nil {
				return err
			}
			return o.plain(cmd, a)
		},
	}
	o.addFlags(cmd)
	return curlShowsUnless(a, cmd, anyOf(withFlag("data-dir", "no server is asked with --data-dir"), withFlag("guard", "it makes many requests")),
		pb.Maintenance_Defragment_FullMethodName)
}

// plain defragments the members as upstream does.
func (o *defragOptions) plain(cmd *cobra.Command, a *app) error {
	d, p, err := a.endpointDialer(cmd)
	if err != nil {
		return err
	}
	targets, err := o.targets(cmd.Context(), a, d, p.Release())
	if err != nil {
		return err
	}
	last := -1
	if o.cluster {
		last = cluster.Leader(cluster.Probe(cmd.Context(), askThrough(d, 0), targets))
	}
	run := &defragRun{streams: a.streams, printer: p, dialer: askThrough(d, a.givenTimeout()), targets: targets}
	return run.all(cmd.Context(), defragOrder(len(targets), last))
}

// defragOrder returns the numbers from 0 to n-1, with the last one given moved
// to the end unless it is -1. The leader comes last because it may lose its
// leadership during defragmentation: every other member is then already done.
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
	streams cli.Streams
	printer *printer.Printer
	dialer  cluster.Dialer
	targets []cluster.Target
}

// errDefragContinues is why a member that was told to defragment is not waited
// for.
var errDefragContinues = fmt.Errorf("%w: the member continues to defragment; a longer --command-timeout waits longer", context.DeadlineExceeded)

// all defragments the targets in the order given, and prints the results in the
// order of the targets.
func (r *defragRun) all(ctx context.Context, order []int) error {
	answers := make([]*cluster.Answer[time.Duration], len(r.targets))
	var failed error
	printed := 0
	for _, i := range order {
		got := cluster.AskOne(ctx, r.dialer, r.targets[i], cluster.Defragment(r.streams.Time))
		if ctx.Err() != nil {
			break
		}
		if got.Reached && errors.Is(got.Err, context.DeadlineExceeded) {
			got.Err = errDefragContinues
		}
		if !got.Dialed && !cluster.Unavailable(got.Err) {
			return got.Err // the others would refuse the login as well
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
	for _, got := range slices.DeleteFunc(answers[printed:], func(got *cluster.Answer[time.Duration]) bool { return got == nil }) {
		if err := r.print(got); err != nil {
			return err
		}
	}
	return context.Cause(ctx)
}

// coded gives the error to end with the exit code of the release, which depends
// on its logins.
func (r *defragRun) coded(failed error, answers []*cluster.Answer[time.Duration]) error {
	loggedIn := slices.ContainsFunc(answers, func(got *cluster.Answer[time.Duration]) bool { return got.Dialed })
	if failed == nil || !loggedIn || !r.printer.Release().OneLogin {
		return failed
	}
	return cli.Reported(cli.Failure, failed)
}

// print prints the result of one target.
func (r *defragRun) print(got *cluster.Answer[time.Duration]) error {
	if got.Err != nil {
		fmt.Fprintf(cli.Visible(r.streams.Err), "Failed to defragment etcd member[%s]. took %s. (%v)\n", got.Endpoint, got.Value, got.Err)
		return nil
	}
	return r.printer.Print(view.Defrag{Endpoint: got.Endpoint, Took: got.Value})
}

// worse returns the error to end with after one more answer. An endpoint that
// could not be dialed has a separate exit code, and the first such error is
// returned.
func worse(failed error, got cluster.Answer[time.Duration]) error {
	code := cli.CodeOf(got.Err)
	if got.Err == nil || failed != nil && (got.Dialed || cli.CodeOf(failed) == code) {
		return failed
	}
	return cli.Reported(code, errors.New("not all members were defragmented"))
}
