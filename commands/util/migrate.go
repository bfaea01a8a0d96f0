package util

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/coreos/go-semver/semver"
	"github.com/spf13/cobra"

	"etcdkit/commands/cli"
	"etcdkit/snapshot"
	"etcdkit/snapshot/migrate"
)

type migrateOptions struct {
	dataDir string
	walDir  string
	target  string
	force   bool
}

func (o *migrateOptions) addFlags(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&o.dataDir, "data-dir", "", "the data `directory` to migrate, which no server may be using; required")
	fs.StringVar(&o.walDir, "wal-dir", "", "where its WAL is if not in the data `directory`")
	fs.StringVar(&o.target, "target-version", "", "the `release` to migrate to, as X.Y, 3.5 at least; required")
	fs.BoolVar(&o.force, "force", false, "set the storage version although the migration is refused: a server may not start on the result, or lose data")
	mustMark(cmd.MarkFlagRequired("data-dir"), cmd.MarkFlagRequired("target-version"), cmd.MarkFlagDirname("data-dir"), cmd.MarkFlagDirname("wal-dir"))
	cli.CompleteFlag(cmd, "target-version", "3.5", "3.6", "3.7")
}

// version parses the target as upstream does.
func (o *migrateOptions) version() (semver.Version, error) {
	if strings.Count(o.target, ".") != 1 {
		return semver.Version{}, fmt.Errorf("wrong target version format, expected \"X.Y\", got %q", o.target)
	}
	v, err := semver.NewVersion(o.target + ".0")
	if err != nil {
		return semver.Version{}, fmt.Errorf("failed to parse target version: %w", err)
	}
	if v.LessThan(semver.Version{Major: 3, Minor: 5}) {
		return semver.Version{}, fmt.Errorf("target version \"%d.%d\" not supported. Minimal \"3.5\"", v.Major, v.Minor)
	}
	return *v, nil
}

func newMigrate(a *app) *cobra.Command {
	o := &migrateOptions{}
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Migrate a stopped member's data directory to another release",
		Long: `Change the database of a data directory so that a server of another release
starts on it: 3.5, 3.6 or 3.7, up or down. No server may be running on it;
--timeout says how long to wait for one to stop.

All is checked first: every page of the database, and on the way down that the
older release knows all entries of the WAL that are not in a snapshot yet. The
change is one transaction, and a migration that is refused changes nothing.

A server starts on a directory of the release before its own. 3.7 starts on one of
3.5 only when 3.6 has run on it and saved a raft snapshot. None starts on one of a
later release, unless the cluster was told first, with "etcdctl downgrade
enable".`,
		Example: `  etcdutl migrate --data-dir /var/lib/etcd --target-version 3.6`,
		Args:    flagsAsArgs("data-dir", "target-version"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			target, err := o.version()
			if err != nil {
				return cli.Exit(cli.BadArgs, err)
			}
			if _, err := os.Stat(snapshot.DataDirFile(o.dataDir)); err != nil {
				return err
			}
			r, err := migrate.Run(cmd.Context(), migrate.Options{DataDir: o.dataDir, WALDir: o.walDir, Target: target, Force: o.force, Wait: a.lockTimeout})
			if err != nil {
				return err
			}
			a.migrated(o.dataDir, r)
			return nil
		},
	}
	o.addFlags(cmd)
	return cmd
}

// migrated reports the migration on the error stream; upstream logs there, and
// stdout stays empty.
func (a *app) migrated(dir string, r migrate.Result) {
	if !r.Changed {
		fmt.Fprintf(cli.Visible(a.streams.Err), "%s is of storage version %s already\n", dir, short(r.From))
		a.phrase("storage version up-to-date", "storage-version", short(r.From))
		return
	}
	if r.Refused != nil {
		fmt.Fprintf(cli.Visible(a.streams.Err), "Warning: forced, although: %v\n", r.Refused)
	}
	if r.V2Requests > 0 && !r.To.LessThan(semver.Version{Major: 3, Minor: 6}) {
		fmt.Fprintf(cli.Visible(a.streams.Err), "Warning: the WAL holds %d requests of v2 clients, on which %s does not start; see \"etcdutl check v2store\"\n", r.V2Requests, short(r.To))
	}
	if r.To.LessThan(r.Cluster) {
		fmt.Fprintf(cli.Visible(a.streams.Err), "Warning: the cluster is of version %s, and a server of %s does not start unless \"etcdctl downgrade enable %[2]s\" came first\n", short(r.Cluster), short(r.To))
	}
	fmt.Fprintf(cli.Visible(a.streams.Err), "Migrated %s from storage version %s to %s\n", dir, short(r.From), short(r.To))
	if r.Refused == nil || errors.Is(r.Refused, migrate.ErrTooEarly) { // for upstream, the latter is no reason to refuse
		a.phrase("updated storage version", "new-storage-version", r.To.String())
		return
	}
	a.phrase("normal migrate failed, trying with force", "error", r.Refused.Error())
	a.phrase("forcefully set storage version", "storage-version", short(r.To))
}

func short(v semver.Version) string { return fmt.Sprintf("%d.%d", v.Major, v.Minor) }
