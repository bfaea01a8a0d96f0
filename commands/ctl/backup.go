package ctl

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"filippo.io/age"
	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"etcdkit/backup"
	"etcdkit/backup/store"
	"etcdkit/commands/cli"
	"etcdkit/commands/repository"
	"etcdkit/printer"
)

// backupOptions are the flags that all backup commands have.
type backupOptions struct {
	repo      string
	s3        store.Options
	limitRate string
	quiet     bool

	metrics metrics // of the command that runs
}

func newBackup(a *app) *cobra.Command {
	o := &backupOptions{}
	cmd := &cobra.Command{
		Use:   "backup <subcommand>",
		Short: "Save, verify and restore backups in a repository",
		Long: `Save backups to a repository, verify, restore and remove them. A repository is for
the backups of one cluster, and is given with --repo or ETCDCTL_REPO: a directory,
s3://BUCKET/PREFIX, or command:PROGRAM for all else (docs/backup-store.md). Keys for
S3 come from the environment, from AWS's shared files, or from the machine's role.

A backup counts only after its stored bytes were read back and compared, and after
every page and record of the snapshot was checked. The format is described in
docs/backup-format.md: without etcdctl, "age -d | zstd -d" gives the snapshot.

Exit codes: 10 no snapshot from the cluster, 11 the repository failed, 12 a backup
is not good, 13 not everything was removed, 14 the newest backup is too old.`,
	}
	o.addTo(cmd)
	cmd.AddCommand(newBackupSave(a, o), newBackupList(a, o), newBackupTimeline(a, o), newBackupVerify(a, o), newBackupCheck(a, o),
		newBackupRestore(a, o), newBackupDrill(a, o), newBackupPrune(a, o), newBackupCopy(a, o), newBackupFollow(a, o))
	return cmd
}

func (o *backupOptions) addTo(cmd *cobra.Command) {
	fs := cmd.PersistentFlags()
	fs.StringVar(&o.repo, "repo", "", "the `location` of the repository: a directory, s3://BUCKET/PREFIX or command:PROGRAM")
	fs.StringVar(&o.limitRate, "limit-rate", "", "transfer at most this many `bytes` per second to and from the repository, such as 20MB")
	repository.AddS3(fs, &o.s3)
	fs.BoolVarP(&o.quiet, "quiet", "q", false, "print no result, and nothing on success")
}

// backupRun is one run of a backup command. The caller closes it.
type backupRun struct {
	*backup.Repository
	out   *printer.Printer
	quiet bool
}

// argsError refuses the arguments of a command.
func argsError(format string, args ...any) error {
	return cli.Exit(cli.BadArgs, fmt.Errorf(format, args...))
}

// print prints the result of a command unless --quiet is given.
func (r *backupRun) print(v printer.View) error {
	if r.quiet {
		return nil
	}
	return r.out.Print(v)
}

// open checks the format and opens the repository.
func (o *backupOptions) open(cmd *cobra.Command, a *app) (*backupRun, error) {
	p, err := a.printer()
	if err != nil {
		return nil, err
	}
	if o.repo == "" {
		return nil, cli.Exit(cli.BadArgs, errors.New("no repository: give --repo LOCATION, or set ETCDCTL_REPO"))
	}
	r, err := o.openRepo(cmd.Context(), a, o.repo)
	if err != nil {
		return nil, err
	}
	return &backupRun{Repository: r, out: p, quiet: o.quiet}, nil
}

// openRepo opens the repository at a location.
func (o *backupOptions) openRepo(ctx context.Context, a *app, location string) (*backup.Repository, error) {
	limit, err := o.limit()
	if err != nil {
		return nil, err
	}
	r, err := repository.Open(ctx, a.streams, program, location, o.s3)
	if err == nil && limit > 0 {
		r.Store = backup.Limit(r.Store, limit)
	}
	return r, err
}

// record stores the result of a verification. A store that can't be written is
// no failure of the verification.
func (r *backupRun) record(ctx context.Context, a *app, b *backup.Backup, found finding) {
	if err := r.AddRecord(ctx, b, found.how, found.problem); err != nil {
		fmt.Fprintf(a.streams.Err, "Warning: the result about %s could not be stored: %v\n", b.Name, err)
	}
}

// finding is the result of a verification.
type finding struct {
	how     backup.How
	problem string // empty if the backup is good
}

// limit is --limit-rate in bytes per second, 0 for none.
func (o *backupOptions) limit() (int, error) {
	if o.limitRate == "" {
		return 0, nil
	}
	rate, err := humanize.ParseBytes(o.limitRate)
	if err != nil || rate == 0 || rate > 1<<40 {
		return 0, argsError("--limit-rate %s: give bytes per second, such as 20MB", cli.Quote(o.limitRate))
	}
	return int(rate), nil
}

// close closes the store.
func (r *backupRun) close() error { return r.Store.Close() }

// missing reports whether a repository does not exist yet.
func missing(err error) bool { return errors.Is(err, store.ErrMissing) }

// readRecipients reads age recipients: keys, or files with keys.
func readRecipients(given []string) ([]age.Recipient, error) {
	var all []age.Recipient
	for _, one := range given {
		text, from := one, "--age-recipient"
		if !strings.HasPrefix(one, "age1") {
			if strings.HasPrefix(strings.ToUpper(one), "AGE-SECRET-KEY-") {
				return nil, cli.Exit(cli.BadArgs, errors.New("--age-recipient is a secret key: give the public key, age1..., which age-keygen -y prints"))
			}
			content, err := os.ReadFile(one)
			if err != nil {
				return nil, cli.Exit(cli.BadArgs, fmt.Errorf("--age-recipient: neither a key (age1...) nor a file: %w", err))
			}
			text, from = string(content), one
		}
		recipients, err := age.ParseRecipients(strings.NewReader(text))
		if err != nil {
			return nil, cli.Exit(cli.BadArgs, fmt.Errorf("%s has no age recipients: give public keys, age1..., one on a line", from))
		}
		all = append(all, recipients...)
	}
	return all, nil
}
