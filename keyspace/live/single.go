package live

import (
	"context"
	"math"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/keyspace"
)

// Op returns a range as one operation of a transaction.
func Op(g keyspace.Range) clientv3.Op {
	opts := []clientv3.OpOption{
		clientv3.WithRange(g.End), clientv3.WithRev(g.Rev), clientv3.WithLimit(g.Limit),
		clientv3.WithSort(clientv3.SortTarget(g.Sort.By), clientv3.SortOrder(g.Sort.Order)),
		clientv3.WithMinCreateRev(g.Filter.MinCreate), clientv3.WithMaxCreateRev(g.Filter.MaxCreate),
		clientv3.WithMinModRev(g.Filter.MinMod), clientv3.WithMaxModRev(g.Filter.MaxMod),
	}
	if g.KeysOnly {
		opts = append(opts, clientv3.WithKeysOnly())
	}
	if g.CountOnly {
		opts = append(opts, clientv3.WithCountOnly())
	}
	if g.Serializable {
		opts = append(opts, clientv3.WithSerializable())
	}
	return clientv3.OpGet(g.Key, opts...)
}

// whole returns the one request for a range.
func whole(g keyspace.Range) *pb.RangeRequest {
	r := &pb.RangeRequest{
		Key: []byte(g.Key), RangeEnd: []byte(g.End), Revision: g.Rev, Limit: g.Limit,
		SortTarget: pb.RangeRequest_SortTarget(g.Sort.By), SortOrder: pb.RangeRequest_SortOrder(g.Sort.Order),
		KeysOnly: g.KeysOnly, CountOnly: g.CountOnly, Serializable: g.Serializable,
		MinCreateRevision: g.Filter.MinCreate, MaxCreateRevision: g.Filter.MaxCreate,
		MinModRevision: g.Filter.MinMod, MaxModRevision: g.Filter.MaxMod,
	}
	if g.Sort.InKeyOrder() { // of itself
		r.SortOrder = pb.RangeRequest_NONE
	}
	return r
}

// single reads a range in one request, because the server sorts, filters or
// counts it.
func (s *scan) single(ctx context.Context) error {
	s.one = true
	most := math.MaxInt32
	if s.MaxRecvBytes > 0 {
		most = s.MaxRecvBytes
	}
	resp, err := s.askUpTo(ctx, whole(s.Range), callOptions(most))
	if err != nil {
		return err
	}
	s.header, s.count = resp.GetHeader(), resp.GetCount()
	return s.hand(ctx, resp.GetKvs(), resp.GetMore())
}
