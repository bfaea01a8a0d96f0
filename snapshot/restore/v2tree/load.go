package v2tree

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"go.etcd.io/etcd/server/v3/etcdserver/api/membership"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v2store"

	"etcdkit/snapshot"
	"etcdkit/snapshot/raftlog"
)

// Roots in the store (server/etcdserver, server.go).
const (
	clusterRoot = "/0"
	keysRoot    = "/1"
)

// Source is where a tree is.
type Source struct {
	DataDir string
	WALDir  string // member/wal below DataDir if not given
	// Wait is how long to wait for a server to let go of the database; 0 is
	// without end.
	Wait time.Duration
}

func (s Source) snapDir() string { return filepath.Join(s.DataDir, "member", "snap") }

func (s Source) walDir() string { return cmp.Or(s.WALDir, snapshot.DataDirWAL(s.DataDir)) }

// Load reads the tree of a data directory. While it reads, no server can start
// there. If the database is lost, only the WAL says which entries were
// committed. Errors about content match snapshot.ErrCorrupt.
//
// The whole tree is in memory, as it is in the server.
func Load(ctx context.Context, src Source) (_ *Tree, err error) {
	applied, unlock, err := hold(ctx, src)
	lost := err
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if lost == nil {
		defer func() { err = errors.Join(err, unlock()) }()
	}
	log, err := raftlog.Open(ctx, src.walDir())
	if lost != nil && (errors.Is(err, raftlog.ErrNoLog) || errors.Is(err, fs.ErrNotExist)) {
		return nil, lost // it is no data directory
	}
	if err != nil {
		return nil, err
	}
	store, after, err := stored(log, src.snapDir())
	if err != nil {
		return nil, err
	}
	// If only the commit index moves, raft does not save it, and the database
	// may be ahead of it (server/etcdserver/bootstrap.go).
	commit := max(log.State.Commit, applied)
	if err := log.Reaches(applied); err != nil {
		return nil, err
	}
	r := replay{store: store, lg: logger()}
	left := 0
	err = log.Entries(ctx, after, func(e raftlog.Entry) error {
		if e.Index > commit {
			left++
			return nil
		}
		return log.Bad(e, r.apply(e))
	})
	if err != nil {
		return nil, err
	}
	t, err := treeOf(store)
	if err != nil {
		return nil, err
	}
	t.Uncommitted, t.Torn, t.NoDatabase = left, log.Torn, lost != nil
	return t, recovered(func() error {
		members, _ := membership.MembersFromStore(r.lg, store)
		for id := range members {
			t.Members = append(t.Members, uint64(id))
		}
		slices.Sort(t.Members)
		return nil
	})
}

// stored is the store of the last raft snapshot, and that snapshot's index.
func stored(log *raftlog.Log, dir string) (v2store.Store, uint64, error) {
	store := v2store.New(clusterRoot, keysRoot)
	snap, err := log.Snapshot(dir)
	if err != nil || snap == nil {
		return store, 0, err
	}
	if err := recovered(func() error { return store.Recovery(snap.Data) }); err != nil {
		return nil, 0, &raftlog.DamageError{File: snap.Path, Offset: raftlog.NoOffset, Detail: fmt.Sprintf("its v2 store: %v", err)}
	}
	return store, snap.Index, nil
}

// hold locks the database of the data directory, and reads which entry it has
// seen last.
func hold(ctx context.Context, src Source) (applied uint64, unlock func() error, err error) {
	path := snapshot.DataDirFile(src.DataDir)
	if _, err := os.Stat(path); err != nil {
		return 0, nil, err
	}
	f, err := snapshot.OpenLocked(ctx, path, src.Wait)
	if err != nil {
		return 0, nil, err
	}
	applied, err = f.ConsistentIndex(ctx)
	if err != nil {
		return 0, nil, errors.Join(fmt.Errorf("read %s: %w", path, err), f.Close())
	}
	return applied, f.Close, nil
}

// recovered turns a panic into an error: the server's packages report content
// that they do not expect that way.
func recovered(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	return f()
}
