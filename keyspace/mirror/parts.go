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

// parts reads a range of one of the clusters in parts, none of them empty, the
// next one while the caller has the last. The fences of our commands are left
// out. What fails is repeated by again. Without a revision, a range that a
// compaction has overtaken is continued as it is then.
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
