package v2tree

import (
	"context"
	"errors"

	"go.etcd.io/etcd/server/v3/etcdserver/api/membership"

	"etcdkit/snapshot/raftlog"
)

// Content is where a data directory holds what clients of v2 have put there,
// on which a server does not start from 3.6 on.
type Content struct {
	Snapshot bool // in the last raft snapshot
	WAL      bool // in the entries after it
}

// Check looks for content of v2 clients. It takes no lock. Without a WAL there
// is none.
func Check(ctx context.Context, src Source) (Content, error) {
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
	var c Content
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
	return c, err
}
