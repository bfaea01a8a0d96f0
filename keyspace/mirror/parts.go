package mirror

import (
	"context"
	"errors"
	"iter"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/keyspace/retry"
	"etcdkit/keyspace/scan"
)

// parts reads a range of one of the clusters in parts, none of them empty, the
// next one while the caller has the last. What fails is repeated by again
// itself. Without a revision a range that a compaction has overtaken goes on as
// it is then.
func (m *Mirror) parts(ctx context.Context, c *clientv3.Client, again *retry.Retrier, all scan.Range) iter.Seq2[[]*mvccpb.KeyValue, error] {
	r := &scan.Reader{Client: c, Timeout: again.Timeout, MaxRecvBytes: m.MaxRecvBytes, Retry: again}
	return func(yield func([]*mvccpb.KeyValue, error) bool) {
		for rest, overtaken := all, true; overtaken; {
			overtaken = false
			for page, err := range r.Pages(ctx, rest) {
				if broken := (*scan.Broken)(nil); errors.As(err, &broken) {
					rest.Key, err = broken.Last+"\x00", broken.Err
				}
				overtaken = all.Rev == 0 && errors.Is(err, rpctypes.ErrCompacted)
				if overtaken || err == nil && len(page.GetKvs()) == 0 {
					continue
				}
				if !yield(page.GetKvs(), err) {
					return
				}
			}
		}
	}
}
