package offline

import (
	"context"
	"errors"

	"etcdkit/keyspace/consistency"
	"etcdkit/snapshot"
)

// Hash implements consistency.Replica.
func (c *Cluster) Hash(ctx context.Context, rev int64) (consistency.Hash, error) {
	h, err := c.file.HashKV(ctx, rev)
	if errors.Is(err, snapshot.ErrCompacted) {
		err = consistency.ErrCompacted
	}
	return consistency.Hash{Sum: h.Hash, Compacted: h.CompactRevision}, err
}
