package load

import (
	"context"
	"sync"

	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/keyspace/lines"
	"etcdkit/keyspace/retry"
)

// leases gives the pairs that had one lease where they come from one here, and
// so those of which nothing is known but an equal time to live. Its size is the
// number of leases. It may be used from several goroutines.
type leases struct {
	client Client
	retry  *retry.Retrier

	mu    sync.Mutex
	known map[int64]*lease
}

// lease is one of the cluster. Its lock is held while it is made.
type lease struct {
	mu  sync.Mutex
	ttl int64
	id  clientv3.LeaseID
}

// id returns the identifier of a pair's lease in this package: its original id
// if known, else the negated time to live in seconds; 0 if the pair has no
// lease.
func (l *leases) id(p lines.Pair) int64 {
	if p.TTL == 0 {
		return 0
	}
	id := p.Lease
	if id == 0 {
		id = -p.TTL
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.known == nil {
		l.known = make(map[int64]*lease)
	}
	if k := l.known[id]; k == nil {
		l.known[id] = &lease{ttl: p.TTL}
	} else if k.ttl == 0 { // known from an earlier run
		k.ttl = p.TTL
	}
	return id
}

func (l *leases) lease(id int64) *lease {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.known[id]
}

// Of implements [bulk.Leases].
func (l *leases) Of(ctx context.Context, id int64) (clientv3.LeaseID, error) {
	k := l.lease(id)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.id != clientv3.NoLease {
		return k.id, nil
	}
	err := l.retry.Do(ctx, func(ctx context.Context) error {
		resp, err := l.client.Grant(ctx, k.ttl)
		if err == nil {
			k.id = resp.ID
		}
		return err
	})
	return k.id, err
}

// Gone implements [bulk.Leases]: each lease that has ended is granted again.
// Keys written with it have ended as well, as their TTL says.
func (l *leases) Gone(ctx context.Context, ids []int64) error {
	for _, id := range ids {
		k := l.lease(id)
		k.mu.Lock()
		err := l.retry.Do(ctx, func(ctx context.Context) error {
			resp, err := l.client.TimeToLive(ctx, k.id)
			if err == nil && resp.TTL < 0 {
				k.id = clientv3.NoLease
			}
			return err
		})
		k.mu.Unlock()
		if err != nil {
			return err
		}
	}
	return nil
}

// made returns the leases that exist, by that identifier.
func (l *leases) made() map[int64]clientv3.LeaseID {
	l.mu.Lock()
	defer l.mu.Unlock()
	made := make(map[int64]clientv3.LeaseID, len(l.known))
	for id, k := range l.known {
		if k.mu.TryLock() { // or it is being made
			if k.id != clientv3.NoLease {
				made[id] = k.id
			}
			k.mu.Unlock()
		}
	}
	return made
}

// takeUp says which leases an earlier run has made.
func (l *leases) takeUp(made map[int64]clientv3.LeaseID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.known = make(map[int64]*lease, len(made))
	for id, of := range made {
		l.known[id] = &lease{id: of}
	}
}

// fixed is an existing lease of the cluster, for every pair.
type fixed clientv3.LeaseID

// Of implements [bulk.Leases].
func (f fixed) Of(context.Context, int64) (clientv3.LeaseID, error) { return clientv3.LeaseID(f), nil }

// Gone implements [bulk.Leases]: there is no other lease to use.
func (f fixed) Gone(context.Context, []int64) error { return errLeaseGone }
