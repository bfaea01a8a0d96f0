package datadir

import (
	"maps"
	"slices"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/snapshot"
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
func leaseKey(id int64) string { return string(snapshot.Lease{ID: id}.Key()) }

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
	return l.save(snapshot.Lease{ID: r.ID, TTL: max(r.TTL, minTTL)})
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
		one, err := snapshot.ParseLease(b)
		if err != nil {
			return broken(leaseBucket, leaseKey(c.ID), err)
		}
		one.Remaining = c.Remaining_TTL
		if err := l.save(one); err != nil {
			return err
		}
	}
	return nil
}

func (l *leases) save(one snapshot.Lease) error {
	l.store.put(leaseBucket, leaseKey(one.ID), one.Append(nil))
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

// attached returns the keys of a lease, sorted.
func (l *leases) attached(id int64) []string { return slices.Sorted(maps.Keys(l.keys[id])) }
