package ctl

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"etcdkit/backup"
	"etcdkit/commands/cli"
	"etcdkit/printer/view"
)

type backupPruneOptions struct {
	*backupOptions
	policy backup.Policy
	within string
	dryRun bool
}

func newBackupPrune(a *app, shared *backupOptions) *cobra.Command {
	o := &backupPruneOptions{backupOptions: shared}
	cmd := &cobra.Command{
		Use:   "prune --keep-... [--dry-run]",
		Short: "Remove backups that no rule keeps",
		Long: `Remove the backups that no rule keeps, and print for each backup why it stays or
goes. --keep-daily 7 keeps the newest backup of each of the last 7 days that have one,
in UTC; the other periods likewise. --keep-within keeps what is at most so much older
than the newest backup. The rules apply to the backups of each cluster separately.

The newest verified backup stays in any case. A damaged backup goes only if a newer
one is verified. What interrupted saves have left goes after 24 hours. Files that
are no backups are never removed. Ages are those of the manifests.

Exit code 13 if something could not be removed.`,
		Example: `  etcdctl backup prune --keep-last 3 --keep-daily 7 --keep-weekly 5 --dry-run
  etcdctl backup prune --keep-hourly 24 --keep-daily 7 --keep-monthly 12 --keep-yearly 2
  etcdctl backup prune --keep-within 7d`,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if err := o.check(args); err != nil {
				return err
			}
			run, err := o.open(cmd, a)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, run.close()) }()
			plan, err := run.Plan(cmd.Context(), o.policy)
			if err != nil {
				return backupCode(err)
			}
			if !o.dryRun {
				if failed := run.Apply(cmd.Context(), plan, nil); failed != nil {
					return cli.Recode(cli.BackupRetention, explainStore(failed))
				}
			}
			o.count(plan)
			return run.print(o.results(plan))
		},
	}
	fs := cmd.Flags()
	for _, one := range []struct {
		to    *int
		name  string
		usage string
	}{
		{&o.policy.Last, "last", "keep the newest `N` backups"},
		{&o.policy.Hourly, "hourly", "keep the newest backup of each of the last `N` hours that have one"},
		{&o.policy.Daily, "daily", "keep the newest backup of each of the last `N` days that have one"},
		{&o.policy.Weekly, "weekly", "keep the newest backup of each of the last `N` weeks that have one"},
		{&o.policy.Monthly, "monthly", "keep the newest backup of each of the last `N` months that have one"},
		{&o.policy.Yearly, "yearly", "keep the newest backup of each of the last `N` years that have one"},
	} {
		fs.IntVar(one.to, "keep-"+one.name, 0, one.usage)
	}
	fs.StringVar(&o.within, "keep-within", "", "keep backups that are at most this `duration` older than the newest one, such as 7d or 36h")
	fs.BoolVar(&o.dryRun, "dry-run", false, "remove nothing, only print what would go")
	return curlRefuses(withMetrics(a, o.backupOptions, cmd), "it sends no request to etcd")
}

// count sets the metrics.
func (o *backupPruneOptions) count(plan *backup.Plan) {
	kept := 0
	for _, d := range plan.Decisions {
		if d.Keep {
			kept++
		}
	}
	o.metrics.set(sample{name: "kept", help: "How many backups the last run kept.", value: float64(kept)})
	o.metrics.set(sample{name: "removed", help: "How many backups the last run removed.", value: float64(len(plan.Decisions) - kept)})
}

func (o *backupPruneOptions) check(args []string) (err error) {
	if len(args) > 0 {
		return argsError("backup prune accepts no arguments; --repo names the repository")
	}
	p := o.policy
	for _, n := range []int{p.Last, p.Hourly, p.Daily, p.Weekly, p.Monthly, p.Yearly} {
		if n < 0 {
			return argsError("the --keep flags must not be negative")
		}
	}
	if o.within != "" {
		if o.policy.Within, err = days(o.within); err != nil || o.policy.Within <= 0 {
			return argsError("--keep-within %s: give a duration such as 7d or 36h", cli.Quote(o.within))
		}
	}
	if o.policy.Empty() {
		return argsError("backup prune requires a rule that keeps something, such as --keep-last 3 or --keep-daily 7")
	}
	return nil
}

// days reads a duration, which may be a number of days.
func days(s string) (time.Duration, error) {
	if n, ok := strings.CutSuffix(s, "d"); ok {
		d, err := strconv.ParseUint(n, 10, 16)
		return time.Duration(d) * 24 * time.Hour, err //nolint:gosec // it has 16 bits
	}
	return time.ParseDuration(s)
}

// results are the decisions, and the leftovers that go.
func (o *backupPruneOptions) results(plan *backup.Plan) view.Items {
	v := view.Items{Member: "backups", Names: []string{"name", "action", "why"}}
	gone := "removed"
	if o.dryRun {
		gone = "would be removed"
	}
	add := func(name, why string, keep bool) {
		action := gone
		if keep {
			action = "kept"
		}
		v.All = append(v.All, view.Item{Line: fmt.Sprintf("%s: %s: %s", name, action, why), Values: []view.Named{
			{Name: "name", V: name}, {Name: "action", V: action}, {Name: "why", V: why},
		}})
	}
	for _, d := range plan.Decisions {
		add(d.Backup.Name, d.Why, d.Keep)
	}
	for _, left := range plan.Leftovers {
		add(left.Name, "left by an interrupted save or removal", false)
	}
	for _, u := range plan.Uploads {
		add(u.Name, "an upload that was interrupted", false)
	}
	return v
}
