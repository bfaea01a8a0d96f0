package v2tree

import (
	"context"
	"errors"

	"go.etcd.io/etcd/server/v3/etcdserver/api/membership"

	"etcdkit/snapshot"
	"etcdkit/snapshot/raftlog"
)

// Content is the place in a data directory where data of v2 clients was found,
// on which a server does not start from 3.6 on.
type Content struct {
	Snapshot bool // in the last raft snapshot
	WAL      bool // in the entries after it
	// Torn is the file of the WAL whose last record was not written to its end;
	// "" where none is.
	Torn string
}

// Check looks for content of v2 clients. It does not lock. Without a WAL there
// is none. A WAL that lacks entries which the database has applied is an error,
// unless the rest of it has content.
func Check(ctx context.Context, src Source) (Content, error) {
	applied := seen(ctx, src) // before the WAL, to which a server may add
	log, err := raftlog.Open(ctx, src.walDir())
	if errors.Is(err, raftlog.ErrNoLog) {
		return Content{}, nil
	}
	if err != nil {
		return Content{}, err
	}
	store, after, err := stored(log, src.snapDir())
	if err != nil {
		return Content{}, err
	}
	c := Content{Torn: log.Torn}
	err = recovered(func() error {
		own, err := membership.IsMetaStoreOnly(store)
		c.Snapshot = after > 0 && !own
		return err
	})
	if err != nil {
		return Content{}, err
	}
	err = log.Entries(ctx, after, func(e raftlog.Entry) error {
		if e.Type != raftlog.EntryNormal || len(e.Data) == 0 {
			return nil
		}
		q, err := raftlog.ParseRequest(e.Data)
		if q != nil && q.OfClient() {
			c.WAL = true
		}
		return log.Bad(e, err)
	})
	if err == nil && !c.Snapshot && !c.WAL {
		err = log.Reaches(applied)
	}
	return c, err
}

// seen is the last entry that the database has seen, as far as it can be read:
// it may be missing, or a server be at work on it.
func seen(ctx context.Context, src Source) uint64 {
	f, err := snapshot.Open(snapshot.DataDirFile(src.DataDir))
	if err != nil {
		return 0
	}
	defer f.Close() //nolint:errcheck // it was only read
	index, err := f.ConsistentIndex(ctx)
	if err != nil || f.Unchanged() != nil {
		return 0
	}
	return index
}
