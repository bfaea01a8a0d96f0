package ctl

import (
	"errors"
	"fmt"
	"path"
	"time"

	"github.com/spf13/cobra"

	"etcdkit/backup"
	"etcdkit/backup/store"
	"etcdkit/commands/repository"
	"etcdkit/printer/view"
)

func newBackupList(a *app, o *backupOptions) *cobra.Command {
	incomplete := false
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List backups, newest first",
		Long: `List the backups in a repository, newest first: name, revision, number of keys,
size of the snapshot and of what is stored, version of the server, and when and how
the backup was verified last: "readback" compared the stored bytes, "deep" checked
every record, "drill" started a server on it.

Backups that were found damaged are listed only with --incomplete, which also lists
what interrupted saves have left; "etcdctl backup prune" removes it later.`,
		Example: `  etcdctl backup list --repo /var/backups/etcd
  etcdctl backup list --repo /var/backups/etcd -w json
  etcdctl backup list --repo /var/backups/etcd --incomplete`,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if len(args) > 0 {
				return argsError("backup list accepts no arguments; --repo names the repository")
			}
			run, err := o.open(cmd, a)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, run.close()) }()
			l, err := run.List(cmd.Context())
			if err != nil {
				return repository.Code(err)
			}
			if incomplete {
				uploads, err := run.Uploads(cmd.Context())
				if err != nil {
					return repository.Code(err)
				}
				return run.print(leftovers(l, uploads))
			}
			v := view.Items{Member: "backups", Names: backupNames(), Wide: 10}
			for _, b := range l.Backups {
				v.All = append(v.All, backupItem(b))
			}
			if len(v.All) == 0 && !o.quiet {
				fmt.Fprintf(a.streams.Err, "No backups in %s\n", run.Store.Location())
			}
			if n := len(l.Damaged) + len(l.Leftovers); n > 0 && !o.quiet {
				fmt.Fprintf(a.streams.Err, "%d more can't be used: \"etcdctl backup list --incomplete\" shows them\n", n)
			}
			return run.print(v)
		},
	}
	cmd.Flags().BoolVar(&incomplete, "incomplete", false, "list damaged backups and what interrupted saves have left instead")
	return curlRefuses(cmd, "it sends no request to etcd")
}

// leftovers shows what can't be used.
func leftovers(l *backup.Listing, uploads []store.Upload) view.Items {
	v := view.Items{Member: "incomplete", Names: []string{"name", "why", "size", "time", "objects"}}
	add := func(name, why string, size int64, at time.Time, objects []string) {
		v.All = append(v.All, view.Item{
			Line: fmt.Sprintf("%s: %s (%d objects, %s)", name, why, len(objects), bytesText(size)),
			Values: []view.Named{
				{Name: "name", V: name}, {Name: "why", V: why}, {Name: "size", V: view.Bytes(size)},
				{Name: "time", V: at.UTC().Format(time.RFC3339)}, {Name: "objects", V: objects},
			},
		})
	}
	for _, b := range l.Damaged {
		add(b.Name, "damaged: "+b.Damage, b.Stored.Size, b.Time, b.Objects)
	}
	for _, left := range l.Leftovers {
		add(left.Name, left.Why, left.Size, left.Time, left.Objects)
	}
	for _, u := range uploads {
		add(path.Dir(u.Name), "an upload that is still running or was interrupted", max(u.Size, 0), u.Changed, []string{u.Name})
	}
	return v
}
