package restore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	bolt "go.etcd.io/bbolt"
	"go.etcd.io/etcd/client/pkg/v3/types"
	"go.etcd.io/etcd/server/v3/etcdserver/api/membership"
	"go.uber.org/zap"

	"etcdkit/internal/space"
	"etcdkit/snapshot"
	"etcdkit/snapshot/raftlog"
)

// The only member of a backup, until a server that is started with
// --force-new-cluster puts itself in its place. Name and URL are upstream's.
const (
	backupMember = "etcdctl-v2-backup"
	backupURL    = "http://use-flag--force-new-cluster:2080"
)

// Backup makes a data directory with the v2 and v3 keys of a stopped 3.5
// server, but without its cluster: a server starts on it with
// --force-new-cluster, and has no other members.
//
// Changes of members move the index of the v2 tree, and are not in a backup's
// WAL: keys after them have lower indexes there, and so different names if a
// client used in-order keys. Upstream's backup does the same.
//
// The source is only read, and no server can start on it meanwhile; without v3
// its database is not opened, and a server may be running. The backup appears
// only when it is complete, and after an error, or when ctx is done, nothing of
// it is left. Errors about content match snapshot.ErrCorrupt.
func Backup(ctx context.Context, cfg BackupConfig) (_ BackupResult, err error) {
	src, err := cfg.openSource(ctx)
	if err != nil {
		return BackupResult{}, err
	}
	size := int64(0)
	if src != nil {
		size = src.DataSize()
		defer func() { err = errors.Join(err, src.Close()) }()
	}
	log, err := raftlog.Open(ctx, cfg.walDir())
	if err != nil {
		return BackupResult{}, fmt.Errorf("read the WAL: %w", err)
	}
	snap, err := log.Snapshot(filepath.Dir(snapshot.DataDirFile(cfg.DataDir)))
	if err != nil {
		return BackupResult{}, fmt.Errorf("read the raft snapshot: %w", err)
	}
	dirs, err := cfg.makeDirs(size)
	if err != nil {
		return BackupResult{}, err
	}
	defer func() { err = errors.Join(err, dirs.abort()) }()
	b := backup{cfg: &cfg, lg: logger(nil), src: src, log: log, snap: snap}
	if err := b.build(ctx, dirs); err != nil {
		return BackupResult{}, err
	}
	if err := canceled(ctx); err != nil {
		return BackupResult{}, err
	}
	return BackupResult{Entries: b.entries, Index: log.End(), Torn: log.Torn}, commit(dirs)
}

// openSource opens and locks the database of the source; nil without v3, for
// which the WAL and the raft snapshot are enough.
func (c *BackupConfig) openSource(ctx context.Context) (*snapshot.File, error) {
	if !c.WithV3 {
		return nil, nil
	}
	path := snapshot.DataDirFile(c.DataDir)
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	return snapshot.OpenLocked(ctx, path, c.Wait)
}

// backup makes the contents of a backup.
type backup struct {
	cfg     *BackupConfig
	lg      *zap.Logger
	src     *snapshot.File // nil without v3
	log     *raftlog.Log
	snap    *raftlog.Snapshot // nil if there is none
	cluster *membership.RaftCluster
	entries int // written so far
}

func (b *backup) build(ctx context.Context, dirs *outputs) (err error) {
	if b.src != nil {
		applied, err := b.src.ConsistentIndex(ctx)
		if err != nil {
			return err
		}
		if err := b.log.Reaches(applied); err != nil {
			return err
		}
		// If only the commit index moves, raft does not save it.
		b.log.State.Commit = max(b.log.State.Commit, applied)
	}
	b.cluster, err = membership.NewClusterFromURLsMap(b.lg, backupMember, types.URLsMap{backupMember: types.MustNewURLs([]string{backupURL})})
	if err != nil {
		return err
	}
	db := filepath.Join(dirs.snap(), "db")
	if b.src != nil {
		if _, err := copyDB(ctx, db, b.src, ignoreSum); err != nil {
			return err
		}
	}
	if err := guard("write members to the backend", func() error { return b.editDB(db) }); err != nil {
		return err
	}
	if b.snap != nil {
		if err := guard("write the raft snapshot", func() error { return b.writeSnap(dirs.snap()) }); err != nil {
			return err
		}
	}
	return guard("write the WAL", func() error { return b.writeWAL(ctx, dirs.wal()) })
}

// editDB takes the cluster out of the copy of the database; without v3 it makes
// one that holds nothing else.
func (b *backup) editDB(path string) (err error) {
	db, err := openDB(path, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return db.Update(func(tx *bolt.Tx) error {
		if tx.Bucket([]byte(bucketCluster)) != nil {
			if err := tx.DeleteBucket([]byte(bucketCluster)); err != nil {
				return err
			}
		}
		if err := putMembers(tx, b.cluster.Members()); err != nil {
			return err
		}
		if b.cfg.WithV3 {
			return nil // the index is right: entries keep theirs
		}
		return putIndex(tx, b.log.State.Commit, b.log.State.Term)
	})
}

func (c *BackupConfig) checkSpace(db int64) error {
	need := walSize // at least: it is not known how many entries there are
	if c.WithV3 {
		need += db
	}
	return space.Check(c.BackupDir, need)
}
