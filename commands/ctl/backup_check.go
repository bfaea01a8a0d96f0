package ctl

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"etcdkit/backup"
	"etcdkit/commands/cli"
	"etcdkit/commands/repository"
	"etcdkit/printer/view"
)

func newBackupCheck(a *app, o *backupOptions) *cobra.Command {
	var limits backup.Limits
	var maxLag time.Duration
	cmd := &cobra.Command{
		Use:   "check --max-age DURATION | --max-lag DURATION",
		Short: "Check that there is a good backup that is young enough",
		Long: `Check for a monitor that the newest verified backup is at most --max-age old. It
reads the repository only, and needs no cluster. With --min-size-ratio, a snapshot
that is much smaller than the median of the ten before it fails the check as well.
--max-lag checks what "etcdctl backup follow" stores: how long ago its newest
revision was known to be the latest one. Let it be above six times its --flush, which
is how often an increment is stored while nothing is written.

Exit code 14 if there is no backup that is young enough, 12 if it is too small, 11
if the repository can't be read.`,
		Example: `  etcdctl backup check --max-age 26h
  etcdctl backup check --max-age 26h --min-size-ratio 0.5 --repo /var/backups/etcd
  etcdctl backup check --max-lag 1m --max-age 7h`,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			switch {
			case len(args) > 0:
				return argsError("backup check accepts no arguments; --repo names the repository")
			case limits.MaxAge < 0 || maxLag < 0 || limits.MaxAge == 0 && maxLag == 0:
				return argsError("backup check requires --max-age, such as 26h for a daily backup, or --max-lag, such as 1m for a continuous one")
			case limits.MaxAge == 0 && limits.MinSizeRatio > 0:
				return argsError("--min-size-ratio requires --max-age")
			case limits.MinSizeRatio < 0 || limits.MinSizeRatio > 1:
				return argsError("--min-size-ratio must be from 0 to 1")
			}
			run, err := o.open(cmd, a)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, run.close()) }()
			if maxLag == 0 {
				return o.checkAge(cmd, a, run, limits)
			}
			lag, err := run.lag(cmd.Context(), a, maxLag)
			if err != nil {
				return repository.Code(err)
			}
			if limits.MaxAge == 0 {
				if err := run.print(lag.item()); err != nil {
					return err
				}
			} else if err := o.checkAge(cmd, a, run, limits, lag.values()...); err != nil {
				return err
			}
			if lag.problem != "" {
				return cli.Exit(cli.BackupTooOld, errors.New(lag.problem))
			}
			return nil
		},
	}
	cmd.Flags().DurationVar(&limits.MaxAge, "max-age", 0, "how old the newest verified backup may be, such as 26h")
	cmd.Flags().Float64Var(&limits.MinSizeRatio, "min-size-ratio", 0, "the least size of its snapshot as a `part` of the median of those before it, such as 0.5")
	cmd.Flags().DurationVar(&maxLag, "max-lag", 0, "how old the newest revision of a continuous backup may be, such as 1m")
	return curlRefuses(withMetrics(a, o, cmd), "it sends no request to etcd")
}

// checkAge checks the newest backup. More values are added to the result.
func (o *backupOptions) checkAge(cmd *cobra.Command, a *app, run *backupRun, limits backup.Limits, more ...view.Named) error {
	l, err := run.List(cmd.Context())
	if err != nil {
		return repository.Code(err)
	}
	h := l.Check(a.streams.Time(), limits)
	if h.Newest != nil {
		o.metrics.backup(h.Newest)
		item := healthItem(h)
		item.Values = append(item.Values, more...)
		if err := run.print(item); err != nil {
			return err
		}
	}
	switch {
	case h.TooOld != "":
		return cli.Exit(cli.BackupTooOld, errors.New(h.TooOld))
	case h.Shrunk != "":
		return cli.Exit(cli.BackupDamaged, errors.New(h.Shrunk))
	}
	return nil
}

func healthItem(h backup.Health) view.Item {
	at, how := h.Newest.Verification()
	verdict := view.VerdictOK
	switch {
	case h.TooOld != "":
		verdict = "too old"
	case h.Shrunk != "":
		verdict = "too small"
	}
	age := h.Age.Truncate(time.Second)
	return view.Item{
		Line: fmt.Sprintf("%s: %s: %s old, %s, verified (%s) %s", verdict, h.Newest.Name, age, bytesText(h.Newest.Plain.Size), how, at.UTC().Format(time.RFC3339)),
		Values: []view.Named{
			{Name: "verdict", V: verdict}, {Name: "name", V: h.Newest.Name}, {Name: "age_seconds", V: int64(age / time.Second)},
			{Name: "size", V: view.Bytes(h.Newest.Plain.Size)}, {Name: "median_size", V: view.Bytes(h.Median)},
			{Name: "verified", V: string(how)}, {Name: "verified_at", V: at.UTC().Format(time.RFC3339)},
		},
	}
}
