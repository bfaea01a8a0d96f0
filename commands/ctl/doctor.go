package ctl

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"etcdkit/backup"
	"etcdkit/cluster/doctor"
	"etcdkit/commands/cli"
	"etcdkit/commands/conn"
	"etcdkit/printer"
	"etcdkit/printer/view"
)

const (
	// visitTime and deepTime limit the two steps of an examination, so that it
	// takes less than five seconds whatever the members do.
	visitTime = 2 * time.Second
	deepTime  = 2 * time.Second
)

type doctorOptions struct {
	cluster, fixPlan, list bool
	only, skip             []string
	quota, upgradeTo, repo string
	maxAge                 time.Duration
}

func (o *doctorOptions) addFlags(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.BoolVar(&o.cluster, "cluster", false, "examine the members at the client URLs that they advertise, and not the --endpoints themselves")
	fs.BoolVar(&o.fixPlan, "fix-plan", false, "print only the commands to type, in order, as a commented script")
	fs.BoolVar(&o.list, "list", false, "list all checks, and examine nothing")
	fs.StringSliceVar(&o.only, "only", nil, "run only these `checks`, separated by commas; cert-* stands for all that begin with cert-")
	fs.StringSliceVar(&o.skip, "skip", nil, "do not run these `checks`")
	fs.StringVar(&o.quota, "quota", "", "the quota of members that don't report it, such as 8GiB (3.5 without metrics)")
	fs.StringVar(&o.upgradeTo, "upgrade-to", "", "examine also whether the cluster can be upgraded to this `release`: "+strings.Join(doctor.UpgradeTargets(), " or "))
	fs.StringVar(&o.repo, "repo", "", "examine also how old the newest verified backup in this `repository` is")
	fs.DurationVar(&o.maxAge, "max-age", 26*time.Hour, "how old that backup may be")
	cli.CompleteFlag(cmd, "upgrade-to", doctor.UpgradeTargets()...)
	var all []string
	for _, c := range allChecks() {
		all = append(all, c.Name)
	}
	cli.CompleteFlag(cmd, "only", all...)
	cli.CompleteFlag(cmd, "skip", all...)
}

// allChecks returns all checks, those before an upgrade first.
func allChecks() []doctor.Check { return slices.Concat(doctor.UpgradeChecks(), doctor.Checks()) }

// checks returns the checks to run.
func (o *doctorOptions) checks() ([]doctor.Check, error) {
	if o.upgradeTo != "" && !slices.Contains(doctor.UpgradeTargets(), o.upgradeTo) {
		return nil, cli.Exit(cli.BadArgs, fmt.Errorf("--upgrade-to %s: use one of %s", o.upgradeTo, strings.Join(doctor.UpgradeTargets(), ", ")))
	}
	from := allChecks()
	if o.upgradeTo == "" && !o.list {
		from = doctor.Checks()
	}
	some, unknown := doctor.Select(from, o.only, o.skip)
	if unknown != "" {
		flag := "--only"
		if slices.Contains(o.skip, unknown) {
			flag = "--skip"
		}
		return nil, cli.Exit(cli.BadArgs, fmt.Errorf("%s %s: there is no such check; \"etcdctl doctor --list\" lists all", flag, unknown))
	}
	return some, nil
}

// quotaBytes returns the value of --quota, 0 if it was not given.
func quotaBytes(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := humanize.ParseBytes(text)
	if err != nil || n == 0 || n > 1<<62 {
		return 0, cli.Exit(cli.BadArgs, fmt.Errorf("--quota %s: use a size such as 8GiB or 8589934592", text))
	}
	return int64(n), nil
}

func newDoctor(a *app) *cobra.Command {
	o := &doctorOptions{}
	cmd := &cobra.Command{
		Use:   "doctor [options]",
		Short: "Find what is wrong with a cluster, and what to do about it",
		Long: `Examine every member of the cluster and print what is wrong, the worst first:
what was seen, what it means and the next command to type. Nothing is changed.
What could not be checked, for example because the user may not read it, is
listed.

Exit codes: 0 if nothing was found, 20 for warnings, 21 for errors; 1, 2 and 128
if the command itself failed. With a member down it takes up to five seconds,
unless --command-timeout is given.

The metrics of members are read at their client URLs.`,
		Example: `  etcdctl doctor
  etcdctl doctor --endpoints 10.0.0.7:2379 --fix-plan
  etcdctl doctor --only no-leader,member-down,nospace -w json
  etcdctl doctor --upgrade-to 3.7
  etcdctl doctor --repo /var/backups/etcd --max-age 26h
  etcdctl doctor --list`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := wantArgs(args, 0, "doctor accepts no arguments"); err != nil {
				return err
			}
			checks, err := o.checks()
			if err != nil {
				return err
			}
			if o.list {
				return a.printChecks(checks)
			}
			return a.examine(cmd, o, checks)
		},
	}
	o.addFlags(cmd)
	return curlRefuses(cmd, "it makes many requests")
}

// printChecks prints the table of checks.
func (a *app) printChecks(checks []doctor.Check) error {
	p, err := a.printer()
	if err != nil {
		return err
	}
	var v view.CheckList
	for _, c := range checks {
		v = append(v, view.Check{Name: c.Name, Severity: c.Severity.String(), Summary: c.Summary, Meaning: c.Meaning})
	}
	return p.Print(v)
}

// examine examines the cluster and prints the result.
func (a *app) examine(cmd *cobra.Command, o *doctorOptions, checks []doctor.Check) error {
	quota, err := quotaBytes(o.quota)
	if err != nil {
		return err
	}
	d, p, err := a.endpointDialer(cmd)
	if err != nil {
		return err
	}
	look := looking(a, d, visitTime)
	look.Listed, look.Quota, look.Deep, look.Wants = o.cluster, quota, a.within(deepTime), doctor.Needs(checks)
	look.UpgradeTo = o.upgradeTo
	if o.repo != "" {
		look.Repo, look.Backup = cli.Quote(o.repo), o.backup(a)
	}
	picture, err := look.Gather(cmd.Context())
	if err != nil {
		return err
	}
	report := doctor.Examine(picture, checks)
	found := diagnosis(report, picture, typedFlags(a, cmd))
	var v printer.View = found
	if o.fixPlan {
		v = steps(found.Findings)
	}
	if err := p.Print(v); err != nil {
		return err
	}
	return verdict(report)
}

// backup returns a function that says what is wrong with the newest backup in the
// repository, or with the repository.
func (o *doctorOptions) backup(a *app) func(context.Context) string {
	return func(ctx context.Context) string {
		r, err := (&backupOptions{}).openRepo(ctx, a, o.repo)
		if err != nil {
			return err.Error()
		}
		defer r.Store.Close() //nolint:errcheck // it was only read
		l, err := r.List(ctx)
		if err != nil {
			return err.Error()
		}
		return l.Check(a.streams.Time(), backup.Limits{MaxAge: o.maxAge}).TooOld
	}
}

// looking returns how to look at the cluster of the endpoints, each within a
// time.
func looking(a *app, d *conn.Dialer, each time.Duration) doctor.Look {
	limit := a.within(each)
	endpoints := d.Endpoints()
	for i, one := range endpoints { // which findings repeat
		endpoints[i] = conn.WithoutUsers(one)
	}
	return doctor.Look{
		Dialer: askThrough(d, limit), HTTP: d.HTTP, Endpoints: endpoints, Visit: limit, Now: a.streams.Time,
	}
}

// within is --command-timeout if it was given, otherwise the default.
func (a *app) within(usual time.Duration) time.Duration {
	if a.conn.TimeoutGiven() {
		return a.conn.Timeout()
	}
	return usual
}

// diagnosis returns the view of a report.
func diagnosis(r doctor.Report, p *doctor.Picture, typed []string) view.Diagnosis {
	v := view.Diagnosis{Members: len(p.Members), Checks: r.Checks, Errors: r.Count(doctor.Error), Warnings: r.Count(doctor.Warning), Findings: findings(r, typed)}
	for _, g := range r.Unchecked {
		v.Unchecked = append(v.Unchecked, view.Unchecked(g))
	}
	return v
}

// findings returns the findings of a report, with the flags that lead to its
// cluster in their commands.
func findings(r doctor.Report, typed []string) []view.Finding {
	meanings := make(map[string]string)
	for _, c := range allChecks() {
		meanings[c.Name] = c.Meaning
	}
	var all []view.Finding
	for _, f := range r.Findings {
		all = append(all, view.Finding{
			Check: f.Check, Severity: f.Severity.String(), Members: f.Members, Evidence: f.Evidence,
			Meaning: meanings[f.Check], Command: withFlags(f.Command, typed),
		})
	}
	return all
}

// steps returns the commands of findings, each once.
func steps(all []view.Finding) view.Plan {
	var p view.Plan
	for _, f := range all {
		i := slices.IndexFunc(p, func(s view.Step) bool { return s.Command == f.Command })
		if i < 0 {
			p, i = append(p, view.Step{Command: f.Command}), len(p)
		}
		p[i].For = append(p[i].For, f)
	}
	return p
}

// verdict returns the exit code of a report.
func verdict(r doctor.Report) error {
	switch r.Worst() {
	case doctor.Error:
		return cli.Reported(cli.FoundErrors, errors.New("errors found"))
	case doctor.Warning:
		return cli.Reported(cli.FoundWarnings, errors.New("warnings found"))
	}
	return nil
}
