package ctl

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"filippo.io/age"
	"github.com/spf13/cobra"

	"etcdkit/backup"
	"etcdkit/commands/cli"
	"etcdkit/commands/repository"
	"etcdkit/printer/view"
)

type backupVerifyOptions struct {
	*backupOptions
	all        bool
	sample     string
	readback   bool
	identities repository.Identities
}

func newBackupVerify(a *app, shared *backupOptions) *cobra.Command {
	o := &backupVerifyOptions{backupOptions: shared}
	cmd := &cobra.Command{
		Use:   "verify [NAME|latest|FILE]",
		Short: "Verify backups down to every record",
		Long: `Read backups from the repository, and verify every byte, page and record: the sizes
and checksums of the stored, the compressed and the plain bytes, the structure of
the database, and the revision, hash, and numbers of keys and leases that the
manifest has. Without a name the latest backup is verified. --all also verifies every
record of what "etcdctl backup follow" has stored.

A FILE that another program has left is verified as well: a snapshot, also if it is
packed by gzip, zstd, zip, zlib or age, as k3s, rke2, OpenShift, kops, talos-backup
and etcd-backup-restore do. It is recognised by its content and only read.

The result is stored beside the backup; "etcdctl backup list" shows it, and no
longer shows a backup that was found damaged. If the repository can't be written,
a warning says so. Exit code 12 if a backup is not good.`,
		Example: `  etcdctl backup verify --repo /var/backups/etcd
  etcdctl backup verify 20261130T021400Z-1234567-8d969eef --age-identity key.txt
  etcdctl backup verify --all --readback
  etcdctl backup verify --sample 10%
  etcdctl backup verify /var/lib/rancher/k3s/server/db/snapshots/etcd-snapshot-node1-1700000000.zip`,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			share, err := o.check(args)
			if err != nil {
				return err
			}
			ids, err := o.identities.Read()
			if err != nil {
				return err
			}
			if len(args) > 0 && isFile(args[0]) {
				return o.verifyFile(cmd.Context(), a, args[0], ids)
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
			chosen, err := o.choose(l, args, share)
			if err != nil {
				return repository.Code(err)
			}
			return o.verify(cmd.Context(), a, run, verification{chosen, ids})
		},
	}
	fs := cmd.Flags()
	fs.BoolVar(&o.all, "all", false, "verify all backups, and what backup follow has stored")
	fs.StringVar(&o.sample, "sample", "", "verify this `share` of the backups, chosen at random, such as 10%")
	fs.BoolVar(&o.readback, "readback", false, "only compare the stored bytes with the manifest, which needs no --age-identity")
	o.identities.AddTo(cmd.Flags())
	return curlRefuses(withMetrics(a, o.backupOptions, cmd), "it sends no request to etcd")
}

// check checks arguments and flags. It returns the share of --sample.
func (o *backupVerifyOptions) check(args []string) (float64, error) {
	chosen := len(args)
	if o.all {
		chosen++
	}
	if o.sample != "" {
		chosen++
	}
	if chosen > 1 {
		return 0, argsError("give one of a name, --all and --sample")
	}
	if o.sample == "" {
		return 0, nil
	}
	percent, err := strconv.ParseFloat(strings.TrimSuffix(o.sample, "%"), 64)
	if err != nil || percent <= 0 || percent > 100 {
		return 0, argsError("--sample %s: give a share of the backups, such as 10%%", cli.Quote(o.sample))
	}
	return percent / 100, nil
}

// choose returns the backups to verify.
func (o *backupVerifyOptions) choose(l *backup.Listing, args []string, share float64) ([]*backup.Backup, error) {
	all := l.All()
	switch {
	case o.all:
		return all, nil
	case o.sample != "":
		rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		return all[:int(math.Ceil(share*float64(len(all))))], nil
	}
	name := backup.Latest
	if len(args) > 0 {
		name = args[0]
	}
	b, err := l.Find(name)
	return []*backup.Backup{b}, err
}

// verification is what to verify, and the keys for it.
type verification struct {
	backups    []*backup.Backup
	identities []age.Identity
}

// verify verifies backups and prints a result for each.
func (o *backupVerifyOptions) verify(ctx context.Context, a *app, run *backupRun, v verification) error {
	how := backup.Deep
	if o.readback {
		how = backup.Readback
	}
	results := view.Items{Member: "backups", Names: []string{"name", "verdict", "how", "problem"}}
	progress := a.streams.Progress("verified", cli.Items)
	defer progress.Done()
	bad := 0
	for i, b := range v.backups {
		err := verifyOne(ctx, run, b, v.identities, how)
		if err != nil && !errors.Is(err, backup.ErrDamaged) {
			return repository.Code(err)
		}
		problem := ""
		if err != nil {
			problem = err.Error()
			bad++
		}
		progress.Done()
		run.record(ctx, a, b, finding{how, problem})
		results.All = append(results.All, verifiedItem(b, how, problem))
		progress.Set(int64(i+1), int64(len(v.backups)))
	}
	progress.Done()
	if o.all && !o.readback {
		more, wrong, err := verifyIncrements(ctx, run, v)
		if err != nil {
			return err
		}
		results.All, bad = append(results.All, more...), bad+wrong
	}
	o.metrics.set(sample{name: "verified", help: "How many backups the last run verified and found good.", value: float64(len(results.All) - bad)})
	o.metrics.set(sample{name: "damaged", help: "How many backups the last run found damaged.", value: float64(bad)})
	if err := run.print(results); err != nil {
		return err
	}
	if bad == 0 {
		return nil
	}
	err := fmt.Errorf("%d of %d backups are not good", bad, len(results.All))
	return cli.Exit(cli.BackupDamaged, err)
}

// verifyFile verifies a file of another program.
func (o *backupVerifyOptions) verifyFile(ctx context.Context, a *app, path string, ids []age.Identity) error {
	if o.readback {
		return argsError("--readback compares with a manifest, which %s does not have", path)
	}
	p, err := a.printer()
	if err != nil {
		return err
	}
	run := &backupRun{out: p, quiet: o.quiet}
	f, err := backup.OpenFile(ctx, path, ids)
	if err != nil && !errors.Is(err, backup.ErrDamaged) {
		return repository.Code(err)
	}
	i := fileItem(path, f, err)
	if err == nil {
		err = f.Close()
	}
	if printErr := run.print(view.Items{Member: "files", Names: fileNames(), All: []view.Item{i}}); printErr != nil {
		return printErr
	}
	return repository.Code(err)
}

func fileNames() []string {
	return []string{"file", "verdict", "layers", "has_checksum", "revision", "keys", "leases", "problem"}
}

// fileItem is the result about a file, of which err is what is wrong.
func fileItem(path string, f *backup.Foreign, err error) view.Item {
	values := func(verdict string, f backup.Foreign, c backup.Contents, problem string) []view.Named {
		return []view.Named{
			{Name: "file", V: path}, {Name: "verdict", V: verdict}, {Name: "layers", V: f.Layers}, {Name: "has_checksum", V: f.HasChecksum},
			{Name: "revision", V: c.Revision}, {Name: "keys", V: c.Keys}, {Name: "leases", V: c.Leases}, {Name: "problem", V: problem},
		}
	}
	if err != nil {
		return view.Item{Line: path + ": damaged", Values: values(view.VerdictDamaged, backup.Foreign{}, backup.Contents{}, err.Error())}
	}
	line := fmt.Sprintf("%s: ok: revision %d, %d keys, %d leases", path, f.Revision, f.Keys, f.Leases)
	if len(f.Layers) > 0 {
		line += "; packed by " + strings.Join(f.Layers, ", ")
	}
	if !f.HasChecksum {
		line += "; no checksum at its end, so a change of a value would not be found"
	}
	return view.Item{Line: line, Values: values(view.VerdictOK, *f, f.Contents, "")}
}

// isFile reports whether an argument names a file and not a backup.
func isFile(arg string) bool {
	if strings.ContainsRune(arg, '/') || strings.ContainsRune(arg, filepath.Separator) {
		return true
	}
	_, err := os.Stat(arg)
	return err == nil && arg != backup.Latest && !backup.IsName(arg)
}

func verifyOne(ctx context.Context, run *backupRun, b *backup.Backup, ids []age.Identity, how backup.How) error {
	if how == backup.Readback {
		return run.Readback(ctx, &b.Manifest)
	}
	p, err := run.Open(ctx, &b.Manifest, ids)
	if err != nil {
		return err
	}
	return p.Close()
}

func verifiedItem(b *backup.Backup, how backup.How, problem string) view.Item {
	verdict := view.VerdictOK
	line := fmt.Sprintf("%s: ok (%s): revision %d, %d keys, %d leases", b.Name, how, b.Revision, b.Keys, b.Leases)
	if problem != "" {
		verdict, line = view.VerdictDamaged, b.Name+": damaged: "+problem
	}
	return view.Item{Line: line, Values: []view.Named{
		{Name: "name", V: b.Name}, {Name: "verdict", V: verdict}, {Name: "how", V: string(how)}, {Name: "problem", V: problem},
	}}
}

// joined lists words.
func joined(words []string) string { return strings.Join(slices.Clone(words), ", ") }
