package restore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"go.etcd.io/etcd/client/pkg/v3/types"
	"go.etcd.io/etcd/server/v3/etcdserver/api/membership"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// Result describes a member that was restored.
type Result struct {
	Name      string
	PeerURLs  []string
	DataDir   string
	WALDir    string
	ClusterID uint64
	MemberID  uint64
	Learner   bool  // it was one in the snapshot, and is again
	Revision  int64 // the latest one, after the bump
	TotalKeys int   // live keys
	// UnknownLearners are the peer URLs, joined by commas, of each learner of
	// the old cluster that never started and is not found in the new one by its
	// URLs: the member that replaces it has become a voter.
	UnknownLearners []string
	// Members are all members of the new cluster, sorted by id.
	Members []Member
	Changed Changed
}

// Member is a member of the new cluster.
type Member struct {
	ID       uint64
	PeerURLs []string
	Learner  bool
}

// Restore makes the data directory of one member of a new cluster from a
// snapshot. The snapshot is only read.
//
// The sha256 and every page are verified before anything appears at the final
// places: the directories are built beside them (inside, where DataDir exists
// and is empty), synced and renamed. After an error, or when ctx is done, none
// of it is left. Errors about the snapshot's content wrap snapshot.ErrCorrupt;
// a missing sha256 gives snapshot.ErrNoChecksum.
//
// A member that was a learner, by its name or, where it never started, by its
// URLs, is one again, as long as others can vote; etcdutl makes it a voter.
func Restore(ctx context.Context, cfg Config) (Result, error) {
	all, err := run(ctx, cfg, func(types.URLsMap) []Config { return []Config{cfg} })
	if err != nil {
		return Result{}, err
	}
	return all[0], nil
}

// All is Restore for every member of InitialCluster, from one reading of the
// snapshot: each gets a directory of its name below DataDir, and afterwards
// either all of them exist or none. Name, PeerURLs and WALDir are not used. The
// results are in the order of the names. A name that would escape DataDir is an
// error.
func All(ctx context.Context, cfg Config) ([]Result, error) {
	urls, err := types.NewURLsMap(cfg.InitialCluster)
	if err != nil {
		return nil, err
	}
	if len(urls) == 0 {
		return nil, errors.New("--initial-cluster has no members")
	}
	names := slices.Sorted(maps.Keys(urls))
	for _, name := range names {
		if !filepath.IsLocal(name) || filepath.Base(name) != name || name == "." {
			return nil, fmt.Errorf("member %q can't be the name of a directory: restore each member by itself, with --name and --data-dir", name)
		}
	}
	cfg.Name, cfg.PeerURLs = names[0], urls[names[0]].StringSlice()
	return run(ctx, cfg, func(urls types.URLsMap) []Config {
		each := make([]Config, len(names))
		for i, name := range names {
			each[i] = cfg
			each[i].Name, each[i].PeerURLs = name, urls[name].StringSlice()
			each[i].DataDir, each[i].WALDir = filepath.Join(cfg.DataDir, name), ""
		}
		return each
	})
}

// run restores the members that each returns.
func run(ctx context.Context, cfg Config, each func(types.URLsMap) []Config) (_ []Result, err error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	lg := logger(cfg.Logger)
	urls, err := cfg.members(ctx, lg)
	if err != nil {
		return nil, err
	}
	cluster, err := membership.NewClusterFromURLsMap(lg, cfg.InitialClusterToken, urls)
	if err != nil {
		return nil, err
	}
	configs := each(urls)
	if err := checkSpace(configs); err != nil {
		return nil, err
	}
	all := make([]*outputs, 0, len(configs))
	defer func() {
		for _, dirs := range slices.Backward(all) { // the first one may have made a parent of all
			err = errors.Join(err, dirs.abort())
		}
	}()
	for _, c := range configs {
		dirs, err := c.makeDirs()
		if taken := (*takenError)(nil); errors.As(err, &taken) && len(configs) > 1 {
			taken.left = halfDone(configs)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, dirs)
	}
	b := builder{cfg: &cfg, lg: lg, cluster: cluster}
	results, err := b.build(ctx, configs, all)
	if err != nil {
		return nil, err
	}
	if err := canceled(ctx); err != nil {
		return nil, err
	}
	return results, commit(all...)
}

// logger makes the caller's logger safe to hand to etcd's packages, which end
// the process through it.
func logger(lg *zap.Logger) *zap.Logger {
	if lg == nil {
		lg = zap.NewNop()
	}
	return lg.WithOptions(zap.WithFatalHook(zapcore.WriteThenPanic))
}

// guard turns a panic into an error: etcd's packages and bbolt report some
// failures of files that way.
func guard(step string, f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%s: %v", step, r)
		}
	}()
	return f()
}

func canceled(ctx context.Context) error {
	err := ctx.Err()
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return cause
	}
	return err
}

// builder makes the contents of the members' directories. What they have in
// common is made once.
type builder struct {
	cfg     *Config
	lg      *zap.Logger
	cluster *membership.RaftCluster
}

func (b *builder) build(ctx context.Context, configs []Config, all []*outputs) ([]Result, error) {
	db := filepath.Join(all[0].snap(), "db")
	st, err := b.copyVerified(ctx, db)
	if err != nil {
		return nil, err
	}
	unknown, err := b.keepLearners(ctx, db)
	if err != nil {
		return nil, err
	}
	revision, err := b.cfg.bumped(st.Revision)
	if err != nil {
		return nil, err
	}
	members := b.cluster.Members()
	var changed Changed
	err = guard("write members to the backend", func() (err error) {
		changed, err = b.editDB(db, members, edit{latest: revision, bump: revision > st.Revision})
		return err
	})
	if err != nil {
		return nil, err
	}
	cluster := describe(members)
	results := make([]Result, len(configs))
	for i, c := range configs {
		if err := canceled(ctx); err != nil {
			return nil, err
		}
		if i > 0 { // the databases of all members are alike
			if err := copyFile(ctx, filepath.Join(all[i].snap(), "db"), db); err != nil {
				return nil, err
			}
		}
		own := b.cluster.MemberByName(c.Name)
		d := memberDirs{id: own.ID, snap: all[i].snap(), wal: all[i].wal()}
		if err := guard("write the WAL", func() error { return b.writeRaft(d, members) }); err != nil {
			return nil, err
		}
		results[i] = Result{
			Name: c.Name, PeerURLs: own.PeerURLs, Learner: own.IsLearner,
			DataDir: all[i].places.dataDir, WALDir: all[i].places.walDir,
			ClusterID: uint64(b.cluster.ID()), MemberID: uint64(own.ID),
			Revision: revision, TotalKeys: st.TotalKey, UnknownLearners: unknown, Members: cluster, Changed: changed,
		}
	}
	return results, nil
}

// describe returns the members in the form of a Result.
func describe(members []*membership.Member) []Member {
	all := make([]Member, len(members))
	for i, m := range members {
		all[i] = Member{ID: uint64(m.ID), PeerURLs: m.PeerURLs, Learner: m.IsLearner}
	}
	return all
}
