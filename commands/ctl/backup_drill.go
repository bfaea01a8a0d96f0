package ctl

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"filippo.io/age"
	"github.com/spf13/cobra"

	"etcdkit/backup"
	"etcdkit/backup/drill"
	"etcdkit/commands/cli"
	"etcdkit/commands/repository"
	"etcdkit/printer/view"
)

// drillWait is how long the server of a drill may take to answer, unless
// --command-timeout is given: it reads the whole database first.
const drillWait = 10 * time.Minute

type backupDrillOptions struct {
	*backupOptions
	etcd       string
	identities repository.Identities
	moment     repository.Moment
}

func newBackupDrill(a *app, shared *backupOptions) *cobra.Command {
	o := &backupDrillOptions{backupOptions: shared}
	cmd := &cobra.Command{
		Use:   "drill [NAME|latest | --at TIME | --revision N] [-- COMMAND...]",
		Short: "Prove a backup by starting a server on it",
		Long: `Restore a backup to a private directory, start an etcd on it, and compare: the hash
of all keys at the revision and compact revision of the manifest, the numbers of keys
and leases, and the members. Then a key is written and read, and COMMAND is run with
ETCDCTL_ENDPOINTS set; its output goes to standard error. Everything is removed at the end, and the result is stored
beside the backup.

In the private copy authentication is disabled and alarms are disarmed, which is
reported. While a drill runs, every user of this machine can connect to its server,
which listens on 127.0.0.1 only.

With --at or --revision, a moment that "etcdctl backup follow" has recorded is proved
instead of a backup; see "etcdctl backup restore". Its result is not stored.

The server is the program given with --etcd, or else the etcd on the PATH; it should
have the release of the cluster. The snapshot is restored by the etcdutl beside
etcdctl, or else by the one on the PATH. The server may take 10 minutes to answer, or
as long as --command-timeout says.

Exit code 12 if the backup is not good, the server does not start, or COMMAND fails.`,
		Example: `  etcdctl backup drill --repo /var/backups/etcd
  etcdctl backup drill latest --etcd /usr/local/bin/etcd --age-identity key.txt
  etcdctl backup drill --at "1 hour ago"
  etcdctl backup drill -- sh -c 'etcdctl get /registry/namespaces/ --prefix --keys-only | grep -q default'`,
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd, a, args) },
	}
	cmd.Flags().StringVar(&o.etcd, "etcd", "", "the `program` to start; the etcd on the PATH if not given")
	o.identities.AddTo(cmd.Flags())
	o.moment.AddTo(cmd.Flags(), "prove")
	return curlRefuses(withMetrics(a, o.backupOptions, cmd), "it sends no request to the cluster")
}

func (o *backupDrillOptions) run(cmd *cobra.Command, a *app, args []string) (err error) {
	name, command, err := drillArgs(cmd, args)
	if err != nil {
		return err
	}
	moment, err := o.moment.Given(cmd.Flags(), a.streams.Time())
	if err != nil {
		return err
	}
	if moment && name != "" {
		return argsError("backup drill accepts no name with --at and --revision, which choose the backup")
	}
	opts, err := o.options(a, command)
	if err != nil {
		return err
	}
	opts.Etcdutl, err = cli.FindUtility(cmd.Root().Name())
	if err != nil {
		return err
	}
	ids, err := o.identities.Read()
	if err != nil {
		return err
	}
	run, err := o.open(cmd, a)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, run.close()) }()
	d := drilling{opts, ids}
	if moment {
		return o.drillMoment(cmd.Context(), a, run, d)
	}
	return o.drillBackup(cmd.Context(), a, run, d, cmp.Or(name, backup.Latest))
}

// drillBackup proves a backup, and stores the result beside it.
func (o *backupDrillOptions) drillBackup(ctx context.Context, a *app, run *backupRun, d drilling, name string) error {
	b, err := run.Find(ctx, name)
	if err != nil {
		return repository.Code(err)
	}
	plain, err := run.Open(ctx, &b.Manifest, d.identities)
	var item view.Item
	if err == nil {
		item, err = d.prove(ctx, a, b.Name, plain)
	}
	if errors.Is(err, backup.ErrDamaged) {
		run.record(ctx, a, b, finding{backup.Drilled, err.Error()})
	}
	if err != nil {
		return drillCode(fmt.Errorf("drill of %s: %w", b.Name, err))
	}
	run.record(ctx, a, b, finding{how: backup.Drilled})
	o.metrics.backup(b)
	return run.print(item)
}

// drillMoment proves a moment of a continuous backup.
func (o *backupDrillOptions) drillMoment(ctx context.Context, a *app, run *backupRun, d drilling) error {
	r, err := o.moment.Restore(ctx, a.streams.Err, run.Repository, d.identities)
	if err != nil {
		return repository.Code(err)
	}
	item, err := d.prove(ctx, a, r.Name, r.Plain)
	if err != nil {
		return drillCode(fmt.Errorf("drill of %s: %w", r.Name, err))
	}
	return run.print(item)
}

// drillCode gives an error of a drill its exit code.
func drillCode(err error) error {
	if tried := (*drill.Error)(nil); errors.As(err, &tried) {
		return cli.Exit(cli.BackupDamaged, err)
	}
	return repository.Code(err)
}

// drillArgs separates the name, "" if there is none, from the command.
func drillArgs(cmd *cobra.Command, args []string) (name string, command []string, err error) {
	if dash := cmd.ArgsLenAtDash(); dash >= 0 {
		args, command = args[:dash], args[dash:]
		if len(command) == 0 {
			return "", nil, argsError("backup drill expects a command after \"--\"")
		}
	}
	if len(args) > 1 {
		return "", nil, argsError("backup drill accepts one name at most; a command follows \"--\"")
	}
	if len(args) == 1 {
		return args[0], command, nil
	}
	return "", command, nil
}

// options finds the server.
func (o *backupDrillOptions) options(a *app, command []string) (drill.Options, error) {
	d := drill.Options{Env: cli.WithoutPasswords(a.streams.Env), Wait: drillWait, Command: command, Out: a.streams.Err}
	if a.conn.TimeoutGiven() {
		d.Wait = a.conn.Timeout()
	}
	program := o.etcd
	if program == "" {
		program = "etcd"
	}
	var err error
	if d.Etcd, err = exec.LookPath(program); err != nil {
		return d, argsError("no server to start: %v; give --etcd PATH", err)
	}
	if !o.quiet {
		if _, tty := cli.Terminal(a.streams.Err); tty {
			d.Step = func(text string) { fmt.Fprintln(a.streams.Err, text) }
		}
	}
	return d, nil
}

// drilling is how to run a drill.
type drilling struct {
	drill.Options
	identities []age.Identity
}

// prove runs the drill on a snapshot, closes that, and returns the result.
func (d drilling) prove(ctx context.Context, a *app, name string, plain *backup.Plain) (_ view.Item, err error) {
	defer func() { err = errors.Join(err, plain.Close()) }()
	begun := a.streams.Time()
	report, err := drill.Run(ctx, plain, d.Options)
	return drillItem(name, plain.Contents, report, a.streams.Time().Sub(begun)), err
}

func drillItem(name string, c backup.Contents, r drill.Report, took time.Duration) view.Item {
	var notes []string
	if r.AuthDisabled {
		notes = append(notes, "authentication was on")
	}
	if r.Disarmed {
		notes = append(notes, "alarms were raised")
	}
	line := fmt.Sprintf("%s: ok: etcd %s started on it: revision %d, %d keys, %d leases, hash %08x, in %.1f s", name, r.ServerVersion, c.Revision, r.Keys, c.Leases, r.HashKV, took.Seconds())
	if len(notes) > 0 {
		line += "; in the cluster " + strings.Join(notes, " and ")
	}
	return view.Item{Line: line, Values: []view.Named{
		{Name: "name", V: name}, {Name: "verdict", V: view.VerdictOK}, {Name: "server_version", V: r.ServerVersion}, {Name: "revision", V: c.Revision},
		{Name: "compact_revision", V: c.CompactRevision}, {Name: "hashkv", V: int64(r.HashKV)}, {Name: "keys", V: r.Keys}, {Name: "leases", V: c.Leases},
		{Name: "auth_was_enabled", V: r.AuthDisabled}, {Name: "alarms_were_raised", V: r.Disarmed}, {Name: "took_seconds", V: int64(took.Seconds())},
	}}
}
