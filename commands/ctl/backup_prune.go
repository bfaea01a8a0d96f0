package ctl

import (
	"errors"
	"fmt"
	"path"

	"github.com/spf13/cobra"

	"etcdkit/backup"
	"etcdkit/commands/cli"
	"etcdkit/commands/repository"
	"etcdkit/printer/view"
)

type backupPruneOptions struct {
	*backupOptions
	policyOptions
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
one is verified. Increments of "backup follow" stay from the oldest backup on that
stays of their history, and the newest backup that they need stays. What interrupted
saves have left goes after 24 hours. Files that are no backups are never removed. Ages
are those of the manifests.

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
				return repository.Code(err)
			}
			if !o.dryRun {
				if failed := run.Apply(cmd.Context(), plan, nil); failed != nil {
					return cli.Recode(cli.BackupRetention, repository.Explain(failed))
				}
			}
			o.count(plan)
			return run.print(o.results(plan))
		},
	}
	fs := cmd.Flags()
	o.policyOptions.addTo(fs)
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

func (o *backupPruneOptions) check(args []string) error {
	if len(args) > 0 {
		return argsError("backup prune accepts no arguments; --repo names the repository")
	}
	if err := o.policyOptions.check(); err != nil {
		return err
	}
	if o.policy.Empty() {
		return argsError("backup prune requires a rule that keeps something, such as --keep-last 3 or --keep-daily 7")
	}
	return nil
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
	for i, inc := range plan.Increments {
		if i+1 == len(plan.Increments) || plan.Increments[i+1].Line != inc.Line { // the last of its line
			add(path.Dir(inc.Object), fmt.Sprintf("increments up to revision %d, which no kept backup precedes", inc.To), false)
		}
	}
	for _, left := range plan.Leftovers {
		add(left.Name, "left by an interrupted save or removal", false)
	}
	for _, u := range plan.Uploads {
		add(u.Name, "an upload that was interrupted", false)
	}
	return v
}
