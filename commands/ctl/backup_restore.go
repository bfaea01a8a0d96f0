package ctl

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"etcdkit/backup"
	"etcdkit/commands/cli"
	"etcdkit/internal/output"
)

type backupRestoreOptions struct {
	*backupOptions
	path       string
	identities identityOptions
}

func newBackupRestore(a *app, shared *backupOptions) *cobra.Command {
	o := &backupRestoreOptions{backupOptions: shared}
	cmd := &cobra.Command{
		Use:   "restore NAME|latest -o FILE",
		Short: "Restore the snapshot of a backup",
		Long: `Write the plain snapshot of a backup to a file, or to standard output with "-o -",
from which "etcdutl snapshot restore" makes a data directory. The backup is read
into a temporary file and verified down to every record first; TMPDIR chooses where.
The file is replaced only once the new one is complete.`,
		Example: `  etcdctl backup restore latest -o snapshot.db
  etcdctl backup restore 20261130T021400Z-1234567-8d969eef -o snapshot.db --age-identity key.txt
  etcdctl backup restore latest -o - | etcdutl snapshot restore - --data-dir /var/lib/etcd`,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if len(args) != 1 {
				return argsError("backup restore requires one argument: the name of a backup, or \"latest\"")
			}
			if o.path == "" {
				return argsError("backup restore requires -o FILE, or -o - for standard output")
			}
			if _, tty := cli.Terminal(a.streams.Out); tty && o.path == standardOutput {
				return cli.Exit(cli.BadArgs, errBinary)
			}
			ids, err := o.identities.read()
			if err != nil {
				return err
			}
			run, err := o.open(cmd, a)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, run.close()) }()
			b, err := run.Find(cmd.Context(), args[0])
			if err != nil {
				return backupCode(err)
			}
			plain, err := run.Open(cmd.Context(), &b.Manifest, ids)
			if err != nil {
				return backupCode(err)
			}
			defer func() { err = errors.Join(err, plain.Close()) }()
			if err := o.write(cmd.Context(), a, plain); err != nil {
				return err
			}
			if !o.quiet {
				restoreNotes(a, o.path, b.Name, plain)
			}
			return nil
		},
	}
	cmd.Flags().StringVarP(&o.path, "output", "o", "", "write the snapshot to this `file`; - is standard output")
	o.identities.addTo(cmd)
	return curlRefuses(cmd, "it sends no request to etcd")
}

// write copies the snapshot to its destination.
func (o *backupRestoreOptions) write(ctx context.Context, a *app, plain *backup.Plain) (err error) {
	in := io.NewSectionReader(plain, 0, 1<<62)
	if o.path == standardOutput {
		_, err := io.Copy(a.streams.Out, in)
		return cli.Exit(cli.IO, err)
	}
	out, err := output.Create(ctx, o.path)
	if err != nil {
		return cli.Exit(cli.IO, err)
	}
	defer func() { err = errors.Join(err, out.Abort()) }()
	if _, err := io.Copy(out, in); err != nil {
		return cli.Exit(cli.IO, err)
	}
	return cli.Exit(cli.IO, out.Commit())
}

// restoreNotes says on standard error what was restored, and what to consider.
func restoreNotes(a *app, path, name string, plain *backup.Plain) {
	where := path
	if path == standardOutput {
		where = "standard output"
	}
	fmt.Fprintf(a.streams.Err, "Restored %s to %s: revision %d, %d keys, %d leases\n", name, where, plain.Revision, plain.Keys, plain.Leases)
	if plain.Kubernetes {
		fmt.Fprintf(a.streams.Err, "The snapshot has keys of Kubernetes (/registry/): give \"etcdutl snapshot restore\" --bump-revision 1000000000 --mark-compacted, so that watchers notice the restore\n")
	}
}
