package util

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"etcdkit/commands/cli"
	"etcdkit/snapshot/datadir"
	"etcdkit/snapshot/restore"
)

// recoverBump is how far the revision is raised: further than any client of the
// lost cluster has seen, if that made a thousand writes a second for a week.
const recoverBump = 1_000_000_000

type recoverOptions struct {
	restoreOptions
	sourceWALs []string
	bump       uint64
	noBump     bool
	dryRun     bool
}

func newRecover(a *app) *cobra.Command {
	o := &recoverOptions{}
	cmd := &cobra.Command{
		Use:   "recover <data directory>... --data-dir {output dir} [options]",
		Short: "Make a new cluster from what members without a quorum have left",
		Long: `Make the data directory of a new cluster from the data directories of stopped
members, after so many of them were lost that there is no quorum. Give all that are
left: the one with the latest log is chosen, as raft would choose its leader. The new
cluster has every valid entry of that log, also those that are not known to be
committed, which may have been acknowledged. The directories are only read.

The new cluster has one member, by default with the name and the peer URLs of the
chosen one. The revision is raised, and what is below it marked as compacted, so that
clients that saw later revisions start afresh. The result is printed on standard
output, and the next steps on standard error.`,
		Example: `  etcdutl recover /var/lib/etcd --dry-run
  etcdutl recover m1.etcd m2.etcd --data-dir /var/lib/etcd-new
  etcdutl recover m1.etcd m2.etcd --data-dir members --all-members \
    --initial-cluster m1=http://10.0.0.7:2380,m2=http://10.0.0.8:2380`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.validate(args, cmd.Flags().Changed); err != nil {
				return cli.Exit(cli.BadArgs, err)
			}
			return o.run(cmd.Context(), a, args, cmd.Flags().Changed)
		},
	}
	o.addClusterFlags(cmd)
	fs := cmd.Flags()
	fs.StringArrayVar(&o.sourceWALs, "source-wal-dir", nil, "the `directory` of the WAL, if it is not in the data directory; once for each data directory, in their order")
	fs.Uint64Var(&o.bump, "bump-revision", recoverBump, "add this to the latest revision")
	fs.BoolVar(&o.noBump, "no-bump", false, "leave the revision as it is")
	fs.BoolVar(&o.dryRun, "dry-run", false, "print what the directories hold, and make nothing")
	mustMark(cmd.MarkFlagDirname("source-wal-dir"))
	return cmd
}

func (o *recoverOptions) validate(args []string, given func(string) bool) error {
	switch {
	case len(args) == 0:
		return errors.New("recover requires the data directories that are left of the cluster")
	case len(o.sourceWALs) > 0 && len(o.sourceWALs) != len(args):
		return fmt.Errorf("--source-wal-dir is given %d times, for %d data directories: give it once for each, in their order", len(o.sourceWALs), len(args))
	case !o.dryRun && o.DataDir == "":
		return errors.New("--data-dir is required: the directory to make; --dry-run makes none")
	case o.noBump && given("bump-revision"):
		return errors.New("--no-bump and --bump-revision exclude each other")
	case o.allMembers && !given("initial-cluster"):
		return errors.New("--all-members requires --initial-cluster")
	}
	return o.checkAllMembers(given)
}

// run chooses a directory and makes the new cluster from it.
func (o *recoverOptions) run(ctx context.Context, a *app, paths []string, given func(string) bool) (err error) {
	p, err := a.output.Printer(a.streams.Out)
	if err != nil {
		return err
	}
	left, err := o.open(ctx, a, paths)
	defer func() { err = errors.Join(err, left.close()) }()
	if err != nil {
		return err
	}
	chosen, err := left.choose()
	if err != nil {
		return errors.Join(p.Print(left.view(nil, nil)), err)
	}
	if o.dryRun {
		return p.Print(left.view(chosen, nil))
	}
	cfg := o.config(chosen, given)
	all, err := o.restore(ctx, cfg)
	if err != nil {
		return err
	}
	if err := p.Print(left.view(chosen, all)); err != nil {
		return err
	}
	o.next(a, cfg, chosen, all)
	return nil
}

// open opens the directories. One that can't be read is kept with its error.
func (o *recoverOptions) open(ctx context.Context, a *app, paths []string) (remains, error) {
	var all remains
	for i, path := range paths {
		opts := datadir.Options{Tail: datadir.All, Wait: a.lockTimeout}
		if len(o.sourceWALs) > 0 {
			opts.WALDir = o.sourceWALs[i]
		}
		dir, err := datadir.Open(ctx, path, opts)
		if err != nil && ctx.Err() != nil {
			return all, context.Cause(ctx)
		}
		all = append(all, &remain{path: path, dir: dir, err: err})
	}
	return all, nil
}

// config is the restore of a directory. What is not given of the member is that of
// the directory's.
func (o *recoverOptions) config(chosen *remain, given func(string) bool) restore.Config {
	cfg := o.Config
	cfg.SnapshotPath, cfg.File = chosen.path, chosen.dir.File
	cfg.PeerURLs = strings.Split(o.peerURLs, ",")
	if cfg.InitialMmapSize == 0 {
		cfg.InitialMmapSize = defaultMmapSize
	}
	if !o.noBump && o.bump > 0 {
		cfg.BumpRevision, cfg.MarkCompacted = o.bump, true
	}
	if !given("initial-cluster-token") { // members of the old cluster must not take the new one for their own
		cfg.InitialClusterToken = fmt.Sprintf("recovered-%x-%d", chosen.dir.ClusterID, chosen.dir.Last)
	}
	self := chosen.dir.Self()
	if o.allMembers || given("initial-cluster") || self.Name == "" || len(self.PeerURLs) == 0 {
		return cfg
	}
	if !given("name") {
		cfg.Name = self.Name
	}
	if !given("initial-advertise-peer-urls") {
		cfg.PeerURLs = self.PeerURLs
	}
	var members []string
	for _, url := range cfg.PeerURLs {
		members = append(members, cfg.Name+"="+url)
	}
	cfg.InitialCluster = strings.Join(members, ",")
	return cfg
}

// next says on the error stream how to go on.
func (o *recoverOptions) next(a *app, cfg restore.Config, chosen *remain, all []restore.Result) {
	for _, r := range all {
		a.start(cfg, r)
	}
	err := cli.Visible(a.streams.Err)
	if o.allMembers {
		fmt.Fprintln(err, "Copy each directory to the machine of its member, and move the old data directories away before starting.")
		return
	}
	fmt.Fprintf(err, "The other members can't join with the data they have. When the new one serves, for each of them: move its data directory away, run\n  etcdctl member add NAME --learner --peer-urls URL\nstart it with what that prints, and run\n  etcdctl member promote NAME --wait\n")
	var old []string
	for _, m := range chosen.dir.Members() {
		if m.ID != chosen.dir.MemberID {
			old = append(old, fmt.Sprintf("%s (%s)", m, strings.Join(m.PeerURLs, ", ")))
		}
	}
	if len(old) > 0 {
		fmt.Fprintf(err, "The members of the old cluster besides %s were: %s\n", chosen.dir.Self(), strings.Join(old, "; "))
	}
}
