package ctl

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"etcdkit/cluster/doctor"
	"etcdkit/cluster/maintain"
	"etcdkit/commands/cli"
	"etcdkit/commands/conn"
	"etcdkit/keyspace"
	"etcdkit/keyspace/usage"
	"etcdkit/printer"
	"etcdkit/printer/view"
)

const (
	// shownPrefixes is how many of the largest prefixes are shown, and prefixDepth
	// how many separators deep they are.
	shownPrefixes, prefixDepth = 5, 2
)

type alarmRecoverOptions struct {
	guardOptions
	keep  int64
	quota string
}

func newAlarmRecover(a *app) *cobra.Command {
	o := &alarmRecoverOptions{guardOptions: guardOptions{guard: true}}
	cmd := &cobra.Command{
		Use:   "recover [options]",
		Short: "Lead a full cluster back to one that accepts writes",
		Long: `Lead a cluster that has raised the alarm NOSPACE back to one that accepts writes.
Show what fills the database and what is going to be done, ask, and then compact
the history up to the newest revision less --keep-revisions, defragment one
member after another as defrag --cluster --guard does, disarm NOSPACE, and write
a test key by way of each voting member and delete it again. No other key is
deleted.

Without a terminal, --yes is required. --dry-run shows the plan only. If the
cluster is not safe, or not enough room can be made, the command stops with exit
code 23 and says what is done and what is left; it can be run again. The alarm
CORRUPT is never disarmed: with it, nothing is done.

A member of 3.5 tells its quota in its metrics only. If they can't be read, give
it by --quota.`,
		Example: `  etcdctl alarm recover --dry-run
  etcdctl alarm recover
  etcdctl alarm recover --keep-revisions 10000 --yes
  etcdctl alarm recover --quota 8GiB`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := wantArgs(args, 0, "alarm recover accepts no arguments"); err != nil {
				return err
			}
			return o.run(cmd, a)
		},
	}
	fs := cmd.Flags()
	fs.Int64Var(&o.keep, "keep-revisions", 0, "keep this number of `revisions` before the newest readable")
	fs.StringVar(&o.quota, "quota", "", "the quota of members that don't report it, such as 8GiB (3.5 without metrics)")
	fs.BoolVar(&o.dryRun, "dry-run", false, "show the plan, and change nothing")
	fs.Bool("yes", false, "do not ask")
	o.addLimits(fs, "")
	return curlRefuses(cmd, "it makes many requests")
}

// run looks, plans, asks and recovers.
func (o *alarmRecoverOptions) run(cmd *cobra.Command, a *app) error {
	limits, err := o.limits(cmd)
	if err != nil {
		return err
	}
	quota, err := quotaBytes(o.quota)
	if err != nil {
		return err
	}
	if o.keep < 0 {
		return argsError("--keep-revisions %d: use a positive number of revisions", o.keep)
	}
	d, p, err := a.endpointDialer(cmd)
	if err != nil {
		return err
	}
	live := liveCluster(a, d)
	r := &maintain.Recovery{Run: maintain.Run{Cluster: live, Limits: limits, Wait: o.gate}, Store: live, Keep: o.keep}
	s, err := live.Observe(cmd.Context())
	if err == nil {
		_, err = maintain.Full(s)
	}
	switch {
	case errors.Is(err, maintain.ErrNotFull):
		return p.Print(view.Items{Member: "steps", Names: recoverNames(), All: []view.Item{recoverItem("result", "", 0, 0, err.Error()+": nothing to recover")}})
	case errors.Is(err, maintain.ErrCorrupt):
		return cli.Exit(cli.Stopped, err)
	case err != nil:
		return err
	}
	if r.Quotas, err = quotas(cmd.Context(), a, d, quota); err != nil {
		return err
	}
	top, total, err := survey(cmd.Context(), a, d)
	if err != nil {
		return err
	}
	plan, err := r.Plan(s, total.Sum.Bytes)
	if err != nil {
		return cli.Exit(cli.Stopped, err)
	}
	shown := recoverPlan(r, plan, top, total)
	if o.dryRun {
		return p.Print(shown)
	}
	if err := statePlan(a, p, shown); err != nil {
		return err
	}
	if err := agree(cmd, a); err != nil {
		return err
	}
	return o.carryOut(cmd.Context(), a, p, r, plan)
}

// carryOut does what is planned, and shows the members before and after it.
func (o *alarmRecoverOptions) carryOut(ctx context.Context, a *app, p *printer.Printer, r *maintain.Recovery, plan *maintain.RecoveryPlan) error {
	o.follow(a, p, &r.Run)
	if p.Format() == simpleFormat {
		r.Did = func(what string) { _ = p.Print(view.Line(what)) } // what is wrong with the output shows at the end
	}
	after, err := r.Do(ctx, plan)
	if err != nil {
		return stoppedEarly(ctx, a, err)
	}
	v := view.Items{Member: "steps", Names: recoverNames()}
	for _, m := range after.Members {
		if m.Status == nil {
			continue
		}
		before := plan.Before.Find(m.ID)
		v.All = append(v.All, recoverItem("result", m.Name, m.Status.GetDbSize(), r.Quotas[m.ID], fmt.Sprintf("%s: %s of %s, was %s; the cluster accepts writes",
			m.Name, bytesText(m.Status.GetDbSize()), bytesText(r.Quotas[m.ID]), bytesText(before.Status.GetDbSize()))))
	}
	return p.Print(v)
}

// agree asks whether to do what was shown.
func agree(cmd *cobra.Command, a *app) error {
	if isSet(cmd, "yes") {
		return nil
	}
	if !interactive(a) {
		return argsError("nothing was changed: standard input is no terminal, and --yes confirms the plan")
	}
	fmt.Fprint(a.streams.Err, "Type yes to continue: ")
	line, err := a.streams.ReadLine(cmd.Context())
	if err != nil {
		return err
	}
	if strings.TrimSpace(line) != "yes" {
		return errors.New("nothing was changed")
	}
	return nil
}

// quotas returns the quotas of the members that tell theirs; others have the one
// that was given.
func quotas(ctx context.Context, a *app, d *conn.Dialer, given int64) (map[uint64]int64, error) {
	look := looking(a, d, visitTime)
	look.Quota, look.Deep, look.Wants = given, a.within(deepTime), doctor.NeedMembers|doctor.NeedStatus|doctor.NeedQuota
	picture, err := look.Gather(ctx)
	if err != nil {
		return nil, err
	}
	all := make(map[uint64]int64)
	for i := range picture.Members {
		all[picture.Members[i].ID] = picture.Members[i].Quota()
	}
	return all, nil
}

// survey sums up the keys, and returns the largest prefixes and the total.
func survey(ctx context.Context, a *app, d *conn.Dialer) ([]usage.Node, usage.Node, error) {
	c, err := d.Dial(ctx)
	if err != nil {
		return nil, usage.Node{}, err
	}
	defer c.Close() //nolint:errcheck // it was only read
	top := &usage.Top{N: shownPrefixes, By: func(s usage.Sum) int64 { return s.Bytes }}
	w := &usage.Walk{Separator: "/", Depth: prefixDepth}
	w.Rank(top)
	r := keyspace.Prefix("")
	r.SizesOnly = true
	for page, err := range newSource(a, c).Pages(ctx, r) {
		if err != nil {
			return nil, usage.Node{}, fmt.Errorf("sum up the keys: %w", keyspace.Unbroken(err))
		}
		for _, kv := range page.KVs {
			w.Add(kv)
		}
	}
	total := w.Finish()
	return top.Nodes(), total, nil
}

// recoverNames are the values of a line of a recovery.
func recoverNames() []string { return []string{"part", "name", "bytes", "of", "text"} }

func recoverItem(part, name string, bytes, of int64, line string) view.Item {
	return view.Item{Line: line, Values: []view.Named{
		{Name: "part", V: part}, {Name: "name", V: name}, {Name: "bytes", V: view.Bytes(bytes)}, {Name: "of", V: view.Bytes(of)}, {Name: "text", V: line},
	}}
}

// recoverPlan shows what fills the database, and what is going to be done.
func recoverPlan(r *maintain.Recovery, plan *maintain.RecoveryPlan, top []usage.Node, total usage.Node) view.Items {
	v := view.Items{Member: "steps", Names: recoverNames()}
	add := func(part, name string, bytes, of int64, format string, args ...any) {
		v.All = append(v.All, recoverItem(part, name, bytes, of, fmt.Sprintf(format, args...)))
	}
	for _, m := range plan.Before.Members {
		if m.Status == nil {
			add("member", m.Name, 0, r.Quotas[m.ID], "%s: does not answer: %v", m.Name, m.Err)
			continue
		}
		size, used, live := m.Status.GetDbSize(), m.Status.GetDbSizeInUse(), total.Sum.Bytes
		add("member", m.Name, size, r.Quotas[m.ID], "%s: %s of %s: %s latest values, %s history and overhead, %s free pages", m.Name, bytesText(size),
			bytesText(r.Quotas[m.ID]), bytesText(live), bytesText(max(used-live, 0)), bytesText(max(size-used, 0)))
	}
	for _, n := range top {
		add("prefix", n.Name, n.Sum.Bytes, total.Sum.Bytes, "%s: %s in %s, written %s", cli.Quote(n.Name), bytesText(n.Sum.Bytes), counted(n.Sum.Keys, "key"), counted(n.Sum.Versions, "time"))
	}
	if plan.Compact > 0 {
		add("compaction", "", 0, 0, "plan: compact the history before revision %d, physically; older revisions can't be read afterwards", plan.Compact)
	}
	for _, i := range planView(plan.Steps).All {
		add("defragmentation", i.Values[0].V.(string), 0, 0, "plan: %s", i.Line)
	}
	add("disarm", strings.Join(plan.Alarmed, ", "), 0, 0, "plan: disarm NOSPACE of %s", strings.Join(plan.Alarmed, ", "))
	add("test", "", 0, 0, "plan: write a test key by way of each voting member, and delete it again")
	return v
}

// counted returns a number with its noun.
func counted(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
