package mirror

import (
	"context"
	"errors"
	"iter"
	"slices"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/keyspace"
	"etcdkit/keyspace/fence/fencekey"
	"etcdkit/keyspace/live"
	"etcdkit/keyspace/retry"
)

// parts reads a range of one of the clusters in non-empty parts, the next one
// while the caller uses the last. It omits the fences of our commands. It
// retries failed requests with again. Without a revision, a range whose
// revision is compacted is continued at the current revision.
func (m *Mirror) parts(ctx context.Context, c *clientv3.Client, again *retry.Retrier, all keyspace.Range) iter.Seq2[[]*mvccpb.KeyValue, error] {
	r := &live.Source{Client: c, Timeout: again.Timeout, MaxRecvBytes: m.MaxRecvBytes, Retry: again}
	return func(yield func([]*mvccpb.KeyValue, error) bool) {
		for rest, overtaken := all, true; overtaken; {
			overtaken = false
			for page, err := range r.Pages(ctx, rest) {
				if broken := (*keyspace.Broken)(nil); errors.As(err, &broken) {
					rest.Key, err = broken.Last+"\x00", broken.Err
				}
				overtaken = all.Rev == 0 && errors.Is(err, rpctypes.ErrCompacted)
				var kvs []*mvccpb.KeyValue
				if err == nil {
					kvs = slices.DeleteFunc(page.KVs, fencekey.Is)
				}
				if overtaken || err == nil && len(kvs) == 0 {
					continue
				}
				if !yield(kvs, err) {
					return
				}
			}
		}
	}
}
