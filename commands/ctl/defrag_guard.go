package ctl

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"etcdkit/cluster/maintain"
	"etcdkit/commands/cli"
	"etcdkit/commands/conn"
	"etcdkit/printer"
	"etcdkit/printer/view"
)

const (
	// simpleFormat is the format for people.
	simpleFormat = "simple"
	// observeTime limits each question between two steps.
	observeTime = 2 * time.Second
	// gateTime is how long a gate is waited for unless --gate-timeout is given.
	gateTime = time.Minute
)

// guardOptions are the flags of a guarded defragmentation.
type guardOptions struct {
	guard, dryRun bool
	freePercent   int64
	freeBytes     string
	maxStall      time.Duration
	gate          time.Duration
}

// addTo adds the flags to defrag.
func (o *guardOptions) addTo(fs *pflag.FlagSet) {
	fs.BoolVar(&o.guard, "guard", false, "with --cluster: check the cluster before each member, move the lead away before its member is defragmented, and stop at the first problem")
	fs.Int64Var(&o.freePercent, "if-free-percent", 0, "with --guard: skip members of whose database less than this `percentage` is free")
	fs.StringVar(&o.freeBytes, "if-free-bytes", "", "with --guard: skip members with less than this `size` free, such as 200MB")
	fs.BoolVar(&o.dryRun, "dry-run", false, "with --guard: show the plan, and change nothing")
	o.addLimits(fs, "with --guard: ")
}

// addLimits adds the flags that alarm recover has too.
func (o *guardOptions) addLimits(fs *pflag.FlagSet, when string) {
	fs.DurationVar(&o.maxStall, "max-stall", 0, when+"leave out members that are expected not to answer for longer; 0 is no limit")
	fs.DurationVar(&o.gate, "gate-timeout", gateTime, when+"how long to wait for the cluster to be healthy before and after each member")
}

// limits reads and checks the flags.
func (o *guardOptions) limits(cmd *cobra.Command) (maintain.Limits, error) {
	l := maintain.Limits{FreePercent: o.freePercent, MaxStall: o.maxStall}
	if !o.guard {
		for _, name := range []string{"if-free-percent", "if-free-bytes", "dry-run", "max-stall", "gate-timeout"} {
			if cmd.Flags().Changed(name) {
				return l, argsError("--%s requires --guard", name)
			}
		}
		return l, nil
	}
	if cmd.Flags().Lookup("cluster") != nil && !isSet(cmd, "cluster") {
		return l, argsError("--guard requires --cluster: it needs to know every member")
	}
	if o.freePercent < 0 || o.freePercent > 100 {
		return l, argsError("--if-free-percent %d: use a number from 0 to 100", o.freePercent)
	}
	if o.maxStall < 0 || o.gate < 0 {
		return l, argsError("--max-stall and --gate-timeout must not be negative")
	}
	if o.freeBytes != "" {
		n, err := humanize.ParseBytes(o.freeBytes)
		if err != nil || n > 1<<62 {
			return l, argsError("--if-free-bytes %s: use a size such as 200MB or 200000000", cli.Quote(o.freeBytes))
		}
		l.FreeBytes = int64(n)
	}
	return l, nil
}

// liveCluster is the cluster of the dialer's endpoints, to be maintained.
func liveCluster(a *app, d *conn.Dialer) *maintain.Live {
	return &maintain.Live{
		Ask: askThrough(d, a.within(observeTime)), Tell: askThrough(d, a.givenTimeout()), Endpoints: d.Endpoints(), Now: a.streams.Time,
	}
}

// guarded defragments a cluster, or shows how it would be done.
func (o *guardOptions) guarded(cmd *cobra.Command, a *app) error {
	limits, err := o.limits(cmd)
	if err != nil {
		return err
	}
	d, p, err := a.endpointDialer(cmd)
	if err != nil {
		return err
	}
	live := liveCluster(a, d)
	s, err := live.Observe(cmd.Context())
	if err != nil {
		return err
	}
	plan := limits.Plan(s)
	if o.dryRun {
		return p.Print(planView(plan))
	}
	if err := statePlan(a, p, planView(plan)); err != nil {
		return err
	}
	run := &maintain.Run{Cluster: live, Limits: limits, Wait: o.gate}
	o.follow(a, p, run)
	results, err := run.All(cmd.Context())
	if p.Format() != simpleFormat {
		err = errors.Join(p.Print(resultView(results)), err)
	}
	return stoppedEarly(cmd.Context(), a, err)
}

// follow prints what a run does while it does it.
func (o *guardOptions) follow(a *app, p *printer.Printer, run *maintain.Run) {
	if _, tty := cli.Terminal(a.streams.Err); tty {
		run.Begin = func(s maintain.Step) { fmt.Fprintf(cli.Visible(a.streams.Err), "defragmenting %s ...\n", s.Name) }
	}
	if p.Format() != simpleFormat {
		return
	}
	run.Each = func(r maintain.Result) { _ = p.Print(resultItem(r)) } // what is wrong with the output shows at the end
	run.Moved = func(from, to string) { _ = p.Print(view.Line(fmt.Sprintf("moved the lead from %s to %s", from, to))) }
}

// statePlan prints what is going to be done, before it is: on standard output for
// people, and otherwise on standard error.
func statePlan(a *app, p *printer.Printer, plan view.Items) error {
	if p.Format() == simpleFormat {
		return p.Print(plan)
	}
	for _, i := range plan.All {
		fmt.Fprintln(cli.Visible(a.streams.Err), i.Line)
	}
	return nil
}

// stoppedEarly gives the error of a run its exit code. A signal ends the program
// before its error is printed, so it is printed here.
func stoppedEarly(ctx context.Context, a *app, err error) error {
	stopped := (*maintain.StoppedError)(nil)
	if err == nil || !errors.As(err, &stopped) {
		return err
	}
	if ctx.Err() != nil {
		fmt.Fprintln(cli.Visible(a.streams.Err), "Error:", err)
		return cli.Reported(cli.Stopped, err)
	}
	return cli.Exit(cli.Stopped, err)
}

// stepNames are the values of a member in a plan and in a result.
func stepNames() []string {
	return []string{"member", "member_id", "role", "action", "size", "in_use", "free_percent", "stall_ms", "room", "size_after", "took_ms", "why"}
}

func role(s maintain.Step) string {
	switch {
	case s.Leads:
		return "leader"
	case s.Learner:
		return "learner"
	}
	return "follower"
}

// stepItem is a member in a plan or in a result.
func stepItem(s maintain.Step, action, line string, after int64, took time.Duration) view.Item {
	return view.Item{Line: line, Values: []view.Named{
		{Name: "member", V: s.Name}, {Name: "member_id", V: fmt.Sprintf("%x", s.ID)}, {Name: "role", V: role(s)}, {Name: "action", V: action},
		{Name: "size", V: view.Bytes(s.Size)}, {Name: "in_use", V: view.Bytes(s.InUse)}, {Name: "free_percent", V: s.FreePercent()},
		{Name: "stall_ms", V: s.Stall.Milliseconds()}, {Name: "room", V: view.Bytes(s.InUse)},
		{Name: "size_after", V: view.Bytes(after)}, {Name: "took_ms", V: took.Milliseconds()}, {Name: "why", V: s.Skip},
	}}
}

// planView shows the members in the order in which they are to be defragmented.
func planView(plan []maintain.Step) view.Items {
	v := view.Items{Member: "members", Names: stepNames(), Wide: 9}
	voters := 0
	for _, s := range plan {
		if !s.Learner {
			voters++
		}
	}
	for _, s := range plan {
		action, first := "defragment", ""
		if s.Skip != "" {
			v.All = append(v.All, stepItem(s, "skip", fmt.Sprintf("%s (%s): skip: %s", s.Name, role(s), s.Skip), 0, 0))
			continue
		}
		switch {
		case voters < 3 && !s.Learner:
			first = "; the cluster does not answer meanwhile"
		case s.Leads:
			first = "; the lead is moved away first"
		}
		v.All = append(v.All, stepItem(s, action, fmt.Sprintf("%s (%s): defragment: %s, %d%% free; expected to stall for about %v; needs %s of free disk space%s",
			s.Name, role(s), bytesText(s.Size), s.FreePercent(), s.Stall.Round(10*time.Millisecond), bytesText(s.InUse), first), 0, 0))
	}
	return v
}

// resultItem is what was done to a member.
func resultItem(r maintain.Result) view.Item {
	if r.Skip != "" {
		return stepItem(r.Step, "skipped", fmt.Sprintf("%s: skipped: %s", r.Name, r.Skip), r.After, 0)
	}
	return stepItem(r.Step, "defragmented", fmt.Sprintf("%s: defragmented in %v: %s, was %s", r.Name, r.Took.Round(time.Millisecond), bytesText(r.After), bytesText(r.Size)), r.After, r.Took)
}

func resultView(all []maintain.Result) view.Items {
	v := view.Items{Member: "members", Names: stepNames()}
	for _, r := range all {
		v.All = append(v.All, resultItem(r))
	}
	return v
}
