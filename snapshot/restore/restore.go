package restore

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"go.etcd.io/etcd/server/v3/etcdserver/api/membership"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// Result describes a member that was restored.
type Result struct {
	DataDir   string
	WALDir    string
	ClusterID uint64
	MemberID  uint64
	Revision  int64 // the latest one, after the bump
	TotalKeys int   // live keys
}

// Restore makes the data directory of one member of a new cluster from a
// snapshot. The snapshot is only read.
//
// The sha256 and every page are verified before anything appears at the final
// places: the directories are built beside them (inside, where DataDir exists
// and is empty), synced and renamed. After an error, or when ctx is done, none
// of it is left. Errors about the snapshot's content wrap snapshot.ErrCorrupt;
// a missing sha256 gives snapshot.ErrNoChecksum.
func Restore(ctx context.Context, cfg Config) (_ Result, err error) {
	if cfg.MarkCompacted != (cfg.BumpRevision > 0) {
		return Result{}, ErrBumpOptions
	}
	lg := logger(cfg.Logger)
	urls, err := cfg.members(ctx, lg)
	if err != nil {
		return Result{}, err
	}
	cluster, err := membership.NewClusterFromURLsMap(lg, cfg.InitialClusterToken, urls)
	if err != nil {
		return Result{}, err
	}
	dirs, err := cfg.makeDirs()
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, dirs.abort()) }()
	b := builder{cfg: &cfg, lg: lg, cluster: cluster, snap: dirs.snap(), wal: dirs.wal()}
	res, err := b.build(ctx)
	if err != nil {
		return Result{}, err
	}
	if err := canceled(ctx); err != nil {
		return Result{}, err
	}
	if err := dirs.commit(); err != nil {
		return Result{}, err
	}
	res.DataDir, res.WALDir = dirs.places.dataDir, dirs.places.walDir
	return res, nil
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

// builder makes the contents of one member's directories.
type builder struct {
	cfg     *Config
	lg      *zap.Logger
	cluster *membership.RaftCluster
	snap    string
	wal     string
}

func (b *builder) build(ctx context.Context) (Result, error) {
	db := filepath.Join(b.snap, "db")
	st, err := b.copyVerified(ctx, db)
	if err != nil {
		return Result{}, err
	}
	if err := canceled(ctx); err != nil {
		return Result{}, err
	}
	members := b.cluster.Members()
	revision := st.Revision
	err = guard("write members to the backend", func() error {
		revision, err = b.editDB(db, members, st.Revision)
		return err
	})
	if err != nil {
		return Result{}, err
	}
	if err := canceled(ctx); err != nil {
		return Result{}, err
	}
	own := b.cluster.MemberByName(b.cfg.Name)
	if err := guard("write the WAL", func() error { return b.writeRaft(own.ID, members) }); err != nil {
		return Result{}, err
	}
	return Result{
		ClusterID: uint64(b.cluster.ID()),
		MemberID:  uint64(own.ID),
		Revision:  revision,
		TotalKeys: st.TotalKey,
	}, nil
}
