package live

import (
	"context"

	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/keyspace"
)

// HistoryOf is Head by way of a range, with the compact revision. No request has
// that in its answer but a watch from before it, which the server ends.
func (s *Source) HistoryOf(ctx context.Context, r keyspace.Range) (keyspace.Head, error) {
	head, err := s.HeadBy(ctx, r.Key)
	if err == nil {
		head.CompactRevision, err = s.compacted(ctx, r)
	}
	return head, err
}

// compacted returns the revision of the last compaction, 0 if there was none.
func (s *Source) compacted(ctx context.Context, r keyspace.Range) (int64, error) {
	ctx, cancel := context.WithCancel(clientv3.WithRequireLeader(ctx))
	defer cancel()
	watcher := s.Watcher(nil)
	defer watcher.Close() //nolint:errcheck // the answer has arrived
	watching := watcher.Watch(ctx, Watch{Key: r.Key, End: r.End, From: 1, Until: 1, NoPut: true, NoDelete: true})
	for resp := range watching.Responses {
		if resp.CompactRevision > 0 {
			return resp.CompactRevision, nil
		}
	}
	err := watching.Err()
	if err != nil && s.Explain != nil {
		err = s.Explain(err)
	}
	return 0, err
}
