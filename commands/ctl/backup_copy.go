package ctl

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"etcdkit/backup"
	"etcdkit/commands/cli"
	"etcdkit/commands/repository"
	"etcdkit/printer/view"
)

func newBackupCopy(a *app, o *backupOptions) *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Use:   "copy [NAME|latest] --to REPOSITORY",
		Short: "Copy backups to a second repository",
		Long: `Copy backups to a second repository: all good ones, or the one that is named, so far
as they are missing there. The bytes stay the same, so no --age-identity is needed.
Each is compared with its manifest as it is read, and read back and compared from the
second repository before its manifest is written there.`,
		Example: `  etcdctl backup copy --repo /var/backups/etcd --to /mnt/offsite/etcd
  etcdctl backup copy latest --to /mnt/offsite/etcd`,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if len(args) > 1 {
				return argsError("backup copy accepts one name at most")
			}
			if to == "" {
				return argsError("backup copy requires --to REPOSITORY")
			}
			run, err := o.open(cmd, a)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, run.close()) }()
			dest, err := o.openRepo(cmd.Context(), a, to)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, dest.Store.Close()) }()
			chosen, has, err := toCopy(cmd, run, dest, args)
			if err != nil {
				return repository.Code(err)
			}
			v := view.Items{Member: "backups", Names: []string{"name", "action"}}
			progress := a.streams.Progress("copied", cli.Items)
			defer progress.Done()
			copied := 0
			for i, b := range chosen {
				action := "present"
				if !has[b.Name] {
					action = "copied"
					copied++
					if err := run.Copy(cmd.Context(), b, dest); err != nil {
						return repository.Code(fmt.Errorf("copy %s: %w", b.Name, err))
					}
				}
				v.All = append(v.All, view.Item{Line: b.Name + ": " + action, Values: []view.Named{{Name: "name", V: b.Name}, {Name: "action", V: action}}})
				progress.Set(int64(i+1), int64(len(chosen)))
			}
			progress.Done()
			o.metrics.set(sample{name: "copied", help: "How many backups the last run found missing in the second repository and copied.", value: float64(copied)})
			return run.print(v)
		},
	}
	cmd.Flags().StringVar(&to, "to", "", "the second repository")
	return curlRefuses(withMetrics(a, o, cmd), "it sends no request to etcd")
}

// toCopy returns the backups to copy, and which the second repository has.
func toCopy(cmd *cobra.Command, run *backupRun, dest *backup.Repository, args []string) ([]*backup.Backup, map[string]bool, error) {
	l, err := run.List(cmd.Context())
	if err != nil {
		return nil, nil, err
	}
	chosen := l.Backups
	if len(args) > 0 {
		b, err := l.Find(args[0])
		if err != nil {
			return nil, nil, err
		}
		chosen = []*backup.Backup{b}
	}
	has := map[string]bool{}
	there, err := dest.List(cmd.Context())
	if err != nil && !missing(err) {
		return nil, nil, err
	}
	if err == nil {
		for _, b := range there.Backups {
			has[b.Name] = true
		}
	}
	return chosen, has, nil
}
