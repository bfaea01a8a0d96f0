package util

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"etcdkit/commands/cli"
	"etcdkit/snapshot"
	"etcdkit/snapshot/restore"
)

// defaultMmapSize is upstream's, in bytes.
const defaultMmapSize = 10 << 30

type restoreOptions struct {
	restore.Config
	peerURLs   string
	allMembers bool
}

func (o *restoreOptions) addFlags(cmd *cobra.Command) {
	o.addClusterFlags(cmd)
	fs := cmd.Flags()
	fs.BoolVar(&o.SkipHashCheck, "skip-hash-check", false, "accept a file without checksum, such as a copy of a data directory's db")
	fs.Uint64Var(&o.BumpRevision, "bump-revision", 0, "add this to the latest revision; requires --mark-compacted")
	fs.BoolVar(&o.MarkCompacted, "mark-compacted", false, "mark revisions up to the bumped one as compacted so that watchers resync; requires --bump-revision")
	fs.Int64Var(&o.RevisionAtLeast, "revision-at-least", 0, "raise the latest revision to at least this one, which clients have seen, and mark those before it as compacted so that watchers resync")
}

// addClusterFlags adds the flags about the new cluster.
func (o *restoreOptions) addClusterFlags(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&o.DataDir, "data-dir", "", "the data `directory` to make; NAME.etcd if not given")
	fs.StringVar(&o.WALDir, "wal-dir", "", "where to put the WAL if not in the data `directory`")
	fs.StringVar(&o.Name, "name", "default", "name of the member")
	fs.StringVar(&o.InitialCluster, "initial-cluster", "default=http://localhost:2380", "all `members` of the new cluster, as NAME=URL,NAME=URL")
	fs.StringVar(&o.InitialClusterToken, "initial-cluster-token", "etcd-cluster", "the new cluster's `token`, which its ids are made from")
	fs.StringVar(&o.peerURLs, "initial-advertise-peer-urls", "http://localhost:2380", "this member's peer `URLs`, as --initial-cluster has them")
	fs.Uint64Var(&o.InitialMmapSize, "initial-memory-map-size", defaultMmapSize, "address space to reserve for the database, in `bytes`; 0 is the default")
	fs.BoolVar(&o.Changes.NoAuth, "no-auth", false, "switch authentication off in the new cluster, for example because the root password is lost")
	fs.BoolVar(&o.allMembers, "all-members", false, "make the directories of all members of --initial-cluster below --data-dir, each named after its member")
	for _, name := range []string{"data-dir", "wal-dir"} {
		mustMark(cmd.MarkFlagDirname(name))
	}
}

// checkAllMembers checks the flags beside --all-members. given reports whether one
// was given.
func (o *restoreOptions) checkAllMembers(given func(string) bool) error {
	if !o.allMembers {
		return nil
	}
	for _, name := range []string{"name", "wal-dir", "initial-advertise-peer-urls"} {
		if given(name) {
			return fmt.Errorf("--%s is of one member: leave it out with --all-members", name)
		}
	}
	if o.DataDir == "" {
		return errors.New("--all-members requires --data-dir, below which to make the members' directories")
	}
	return nil
}

// config turns arguments and flags into the settings of a restore. given
// reports whether a flag was given.
func (o *restoreOptions) config(args []string, given func(string) bool) (restore.Config, error) {
	if len(args) != 1 {
		return restore.Config{}, cli.Exit(cli.BadArgs, restoreArgs(args))
	}
	if err := o.Check(); err != nil {
		return restore.Config{}, cli.Exit(cli.BadArgs, err)
	}
	if err := o.checkAllMembers(given); err != nil {
		return restore.Config{}, cli.Exit(cli.BadArgs, err)
	}
	cfg := o.Config
	cfg.SnapshotPath = args[0]
	cfg.PeerURLs = strings.Split(o.peerURLs, ",")
	if cfg.InitialMmapSize == 0 {
		cfg.InitialMmapSize = defaultMmapSize
	}
	return cfg, nil
}

// restoreArgs returns upstream's error, with the probable intention.
func restoreArgs(args []string) error {
	const wrong = "snapshot restore requires exactly one argument"
	if len(args) == 2 {
		return fmt.Errorf("%s: the directory to make is a flag: --data-dir %s", wrong, cli.Quote(args[1]))
	}
	return errors.New(wrong)
}

func newSnapshotRestore(a *app) *cobra.Command {
	o := &restoreOptions{}
	cmd := &cobra.Command{
		Use:   "restore <filename> --data-dir {output dir} [options]",
		Short: "Make a data directory from a snapshot",
		Long: `Make the data directory of one member of a new cluster from a snapshot. Every
member of that cluster is restored from the same file, with the same
--initial-cluster and --initial-cluster-token, and its own --name.

The snapshot is verified first, and only read; "-" reads it from standard input.
The directory appears when it is complete, and not at all after a failure. It may
exist if it is empty but for "lost+found", and so may --wal-dir. Members of the
same name that were learners in the snapshot are learners again.`,
		Example: `  etcdutl snapshot restore backup.db --data-dir /var/lib/etcd
  etcdutl snapshot restore backup.db --name m1 --data-dir m1.etcd \
    --initial-cluster m1=http://10.0.0.7:2380,m2=http://10.0.0.8:2380 \
    --initial-advertise-peer-urls http://10.0.0.7:2380
  etcdutl snapshot restore backup.db --data-dir d --revision-at-least 1234567
  etcdutl snapshot restore backup.db --data-dir d --no-auth
  etcdutl snapshot restore backup.db --data-dir members --all-members \
    --initial-cluster m1=http://10.0.0.7:2380,m2=http://10.0.0.8:2380`,
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := o.config(args, cmd.Flags().Changed)
			if err != nil {
				return err
			}
			cfg.Notice = func(text string) { fmt.Fprintln(cli.Visible(a.streams.Err), text) }
			if cfg.SnapshotPath == standardInput {
				if cfg.Snapshot, err = a.input(cmd.Context()); err != nil {
					return err
				}
			}
			all, err := o.restore(cmd.Context(), cfg)
			if errors.Is(err, snapshot.ErrNoChecksum) {
				return fmt.Errorf("%w; a copy of a data directory's db has none and needs --skip-hash-check", err)
			}
			if err != nil {
				return err
			}
			a.added(all[0])
			for _, r := range all {
				a.summary(cfg, r)
			}
			for _, urls := range all[0].UnknownLearners {
				fmt.Fprintf(cli.Visible(a.streams.Err), "Warning: the snapshot has a learner that never started, with the peer URL %s, which --initial-cluster does not have; the member that replaces it votes\n", urls)
			}
			return nil
		},
	}
	o.addFlags(cmd)
	return cmd
}

func (o *restoreOptions) restore(ctx context.Context, cfg restore.Config) ([]restore.Result, error) {
	if o.allMembers {
		return restore.All(ctx, cfg)
	}
	r, err := restore.Restore(ctx, cfg)
	return []restore.Result{r}, err
}

// summary describes the restored directory on the error stream, and how to
// start a server on it; upstream logs there, and stdout stays empty.
func (a *app) summary(cfg restore.Config, r restore.Result) {
	kind := "member"
	if r.Learner {
		kind = "learner"
	}
	fmt.Fprintf(cli.Visible(a.streams.Err), "Restored %s to %s: revision %d, %d keys, %s %x of cluster %x\n",
		cfg.SnapshotPath, r.DataDir, r.Revision, r.TotalKeys, kind, r.MemberID, r.ClusterID)
	a.start(cfg, r)
}

// start says how to start a server on a restored directory.
func (a *app) start(cfg restore.Config, r restore.Result) {
	wal := ""
	if cfg.WALDir != "" {
		wal = " --wal-dir " + cli.Quote(r.WALDir)
	}
	if r.Changed.AuthDisabled {
		fmt.Fprintln(a.streams.Err, "Authentication is switched off; users and roles are kept. Set a password with \"etcdctl user passwd root\", then run \"etcdctl auth enable\"")
	}
	fmt.Fprintf(cli.Visible(a.streams.Err), "Start it with: etcd --name %s --data-dir %s%s --initial-cluster %s --initial-cluster-token %s --initial-advertise-peer-urls %s\n",
		cli.Quote(r.Name), cli.Quote(r.DataDir), wal, cli.Quote(cfg.InitialCluster), cli.Quote(cfg.InitialClusterToken), cli.Quote(strings.Join(r.PeerURLs, ",")))
}

// added says which members the new cluster has.
func (a *app) added(r restore.Result) {
	for _, m := range r.Members {
		a.phrase("added member", "cluster-id", fmt.Sprintf("%x", r.ClusterID), "local-member-id", "0",
			"added-peer-id", fmt.Sprintf("%x", m.ID), "added-peer-peer-urls", m.PeerURLs, "added-peer-is-learner", m.Learner)
	}
}
