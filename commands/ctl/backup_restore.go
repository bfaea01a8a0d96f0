package ctl

import (
	"context"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"etcdkit/backup"
	"etcdkit/commands/cli"
	"etcdkit/commands/repository"
	"etcdkit/internal/output"
)

type backupRestoreOptions struct {
	*backupOptions
	path       string
	identities repository.Identities
	moment     repository.Moment
	passed     []string // flags that are etcdutl's
}

func newBackupRestore(a *app, shared *backupOptions) *cobra.Command {
	o := &backupRestoreOptions{backupOptions: shared}
	cmd := &cobra.Command{
		Use:   "restore {NAME|latest|FILE | --at TIME | --revision N} {-o FILE | --data-dir DIRECTORY [options]}",
		Short: "Restore a backup to a data directory or a snapshot file",
		Long: `Make a data directory from a backup with --data-dir, or write its plain snapshot to
a file with -o, or to standard output with "-o -". The backup is read into a
temporary file and verified down to every record first; TMPDIR chooses where. The
file or directory appears only once it is complete.

A data directory is made by the etcdutl beside etcdctl, or else by the one on the
PATH, and all flags of "etcdutl snapshot restore" are passed on to it.

With --at or --revision, any moment that "etcdctl backup follow" has recorded is
restored: the full backup before it, with every record of the changes since, so that
the hash of the keys is the server's. The revision, and between which times it was the
latest one, is printed on standard error. A moment in a gap or beyond the end is
refused: "etcdctl backup timeline" shows what can be restored. Users, roles and
members are those of the full backup.

A FILE that another program has left is restored as well, and never written to: see
"etcdctl backup verify". One without a checksum requires --skip-hash-check.

If the backup has keys of Kubernetes, restore with --bump-revision and
--mark-compacted: otherwise watchers miss the restore silently.`,
		Example: `  etcdctl backup restore latest --data-dir /var/lib/etcd
  etcdctl backup restore latest --data-dir /var/lib/etcd --bump-revision 1000000000 --mark-compacted
  etcdctl backup restore latest -o snapshot.db
  etcdctl backup restore --at 2026-11-30T02:14:00Z --data-dir /var/lib/etcd
  etcdctl backup restore --at "10 minutes ago" -o snapshot.db
  etcdctl backup restore --revision 1234567 -o snapshot.db
  etcdctl backup restore 20261130T021400Z-1234567-8d969eef -o snapshot.db --age-identity key.txt
  etcdctl backup restore /mnt/etcd.backup.gz --data-dir /var/lib/etcd
  etcdctl backup restore latest -o - | etcdutl snapshot restore - --data-dir /var/lib/etcd`,
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd, a, args) },
	}
	cmd.Flags().StringVarP(&o.path, "output", "o", "", "write the snapshot to this `file`; - is standard output")
	o.identities.AddTo(cmd.Flags())
	o.moment.AddTo(cmd.Flags(), "restore")
	o.addPassed(cmd)
	return curlRefuses(cmd, "it sends no request to etcd")
}

func (o *backupRestoreOptions) run(cmd *cobra.Command, a *app, args []string) (err error) {
	moment, err := o.moment.Given(cmd.Flags(), a.streams.Time())
	if err != nil {
		return err
	}
	if !moment && len(args) != 1 {
		return argsError("backup restore requires one argument: the name of a backup, or \"latest\"")
	}
	if moment && len(args) > 0 {
		return argsError("backup restore accepts no name with --at and --revision, which choose the backup")
	}
	toDir := cmd.Flags().Changed("data-dir")
	if toDir == (o.path != "") {
		return argsError("backup restore requires either --data-dir DIRECTORY, or -o FILE (- is standard output)")
	}
	if _, tty := cli.Terminal(a.streams.Out); tty && o.path == standardOutput {
		return cli.Exit(cli.BadArgs, errBinary)
	}
	ids, err := o.identities.Read()
	if err != nil {
		return err
	}
	plain, name, err := o.fetch(cmd, a, args, ids)
	if err != nil {
		return repository.Code(err)
	}
	defer func() { err = errors.Join(err, plain.Close()) }()
	if toDir {
		return o.makeDir(cmd, a, plain)
	}
	if err := o.write(cmd.Context(), a, plain); err != nil {
		return err
	}
	if !o.quiet {
		o.notes(a, name, plain)
	}
	return nil
}

// fetch reads the snapshot of a backup, or of a file, into a temporary file.
func (o *backupRestoreOptions) fetch(cmd *cobra.Command, a *app, args []string, ids []age.Identity) (_ *backup.Plain, _ string, err error) {
	ctx := cmd.Context()
	if len(args) > 0 && isFile(args[0]) {
		f, err := backup.OpenFile(ctx, args[0], ids)
		if err != nil {
			return nil, "", err
		}
		return f.Plain, args[0], nil
	}
	run, err := o.open(cmd, a)
	if err != nil {
		return nil, "", err
	}
	defer func() { err = errors.Join(err, run.close()) }()
	if len(args) == 0 {
		r, err := o.moment.Restore(ctx, a.streams.Err, run.Repository, ids)
		if err != nil {
			return nil, "", err
		}
		return r.Plain, r.Name, nil
	}
	b, err := run.Find(ctx, args[0])
	if err != nil {
		return nil, "", err
	}
	plain, err := run.Open(ctx, &b.Manifest, ids)
	return plain, b.Name, err
}

// addPassed adds the flags of etcdutl's snapshot restore.
func (o *backupRestoreOptions) addPassed(cmd *cobra.Command) {
	own := pflag.NewFlagSet("", pflag.ContinueOnError)
	addRestoreFlags(own)
	own.Int64("revision-at-least", 0, "raise the latest revision to at least this one, which clients have seen, and mark those before it as compacted so that watchers resync")
	own.Bool("all-members", false, "make the directories of all members of --initial-cluster below --data-dir, each named after its member")
	own.VisitAll(func(f *pflag.Flag) { o.passed = append(o.passed, f.Name) })
	cmd.Flags().AddFlagSet(own)
}

// makeDir hands the snapshot over to etcdutl.
func (o *backupRestoreOptions) makeDir(cmd *cobra.Command, a *app, plain *backup.Plain) error {
	if plain.Kubernetes && !cmd.Flags().Changed("bump-revision") && !cmd.Flags().Changed("revision-at-least") {
		fmt.Fprintln(a.streams.Err, "Warning: the backup has keys of Kubernetes (/registry/): restore with --bump-revision 1000000000 --mark-compacted, so that watchers notice it")
	}
	if _, err := plain.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return a.streams.Utility(cmd, plain.File.File, []string{"snapshot", "restore"}, []string{"-"}, o.passed...)
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

// notes says on standard error what was restored, and what to consider.
func (o *backupRestoreOptions) notes(a *app, name string, plain *backup.Plain) {
	where := o.path
	if where == standardOutput {
		where = "standard output"
	}
	fmt.Fprintf(a.streams.Err, "Restored %s to %s: revision %d, %d keys, %d leases\n", name, where, plain.Revision, plain.Keys, plain.Leases)
	if plain.Kubernetes {
		fmt.Fprintln(a.streams.Err, "The snapshot has keys of Kubernetes (/registry/): run \"etcdutl snapshot restore\" with --bump-revision 1000000000 --mark-compacted, so that watchers notice it")
	}
}
