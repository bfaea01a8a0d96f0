package datadir

import (
	"encoding/binary"
	"maps"
	"slices"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/protobuf/encoding/protowire"

	"etcdkit/snapshot/internal/wire"
)

const (
	// maxTTL and minTTL bound the TTL of a lease in seconds; the second is that
	// of a server with the default election timeout.
	maxTTL = 9_000_000_000
	minTTL = 2
)

// leases are those that exist, and the keys of some of them.
type leases struct {
	store *store
	keys  map[int64]map[string]struct{} // attached keys, of leases that need them
}

// leaseKey is the key of a lease in its bucket.
func leaseKey(id int64) string { return string(binary.BigEndian.AppendUint64(nil, uint64(id))) }

func (l *leases) exists(id int64) (bool, error) {
	_, ok, err := l.store.get(leaseBucket, leaseKey(id))
	return ok, err
}

func (l *leases) grant(r *pb.LeaseGrantRequest) error {
	if r.ID == 0 || r.TTL > maxTTL {
		return nil
	}
	if ok, err := l.exists(r.ID); ok || err != nil {
		return err
	}
	return l.save(lease{id: r.ID, ttl: max(r.TTL, minTTL)})
}

// checkpoint stores how much of the leases' TTLs is left, which servers before
// 3.6 only keep in memory.
func (l *leases) checkpoint(r *pb.LeaseCheckpointRequest) error {
	for _, c := range r.Checkpoints {
		b, ok, err := l.store.get(leaseBucket, leaseKey(c.ID))
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		one, err := parseLease(b)
		if err != nil {
			return broken(leaseBucket, leaseKey(c.ID), err)
		}
		one.remaining = c.Remaining_TTL
		if err := l.save(one); err != nil {
			return err
		}
	}
	return nil
}

func (l *leases) save(one lease) error {
	l.store.put(leaseBucket, leaseKey(one.id), one.message())
	return nil
}

// move notes that a key changes its lease; 0 is none.
func (l *leases) move(key string, from, to int64) {
	if from == to {
		return
	}
	delete(l.keys[from], key)
	if to == 0 {
		return
	}
	if l.keys[to] == nil {
		l.keys[to] = map[string]struct{}{}
	}
	l.keys[to][key] = struct{}{}
}

// lease is a leasepb.Lease (server/lease/leasepb, lease.proto).
type lease struct{ id, ttl, remaining int64 }

func parseLease(b []byte) (lease, error) {
	var id, ttl, remaining uint64
	err := wire.Numbers(b, map[protowire.Number]*uint64{1: &id, 2: &ttl, 3: &remaining})
	return lease{int64(id), int64(ttl), int64(remaining)}, err
}

func (l lease) message() []byte {
	var b []byte
	for i, n := range []int64{l.id, l.ttl, l.remaining} {
		if n != 0 {
			b = protowire.AppendVarint(protowire.AppendTag(b, protowire.Number(i+1), protowire.VarintType), uint64(n))
		}
	}
	return b
}

// attached returns the keys of a lease, sorted.
func (l *leases) attached(id int64) []string { return slices.Sorted(maps.Keys(l.keys[id])) }
