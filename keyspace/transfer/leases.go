package transfer

import (
	"context"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/keyspace/retry"
)

// leases makes those that keys end with, one for all that end in the same
// second, and knows when those end that v3's keys have. Its size is the number
// of leases. It may be used from several goroutines.
type leases struct {
	kv    KV
	retry *retry.Retrier

	mu   sync.Mutex
	made map[int64]clientv3.LeaseID     // by when they end, in seconds
	ends map[clientv3.LeaseID]time.Time // zero where it has ended
}

// longestLease is the longest that a server grants, in seconds.
const longestLease = 9_000_000_000

// until returns a lease that ends then, which is still to come. Others wait
// while it is made.
func (l *leases) until(ctx context.Context, end time.Time) (clientv3.LeaseID, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	second := end.Unix()
	if id, ok := l.made[second]; ok {
		return id, nil
	}
	var id clientv3.LeaseID
	err := l.retry.Do(ctx, func(ctx context.Context) error {
		rest := int64((time.Until(end) + time.Second - 1) / time.Second)
		resp, err := l.kv.Grant(ctx, min(max(rest, 1), longestLease))
		if err == nil {
			id = resp.ID
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	if l.made == nil {
		l.made = make(map[int64]clientv3.LeaseID)
	}
	l.made[second] = id
	return id, nil
}

// forget makes later requests for leases grant them again, and check them
// again.
func (l *leases) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.made)
	clear(l.ends)
}

// end returns when a lease of v3 ends, the zero time where it has ended.
func (l *leases) end(ctx context.Context, id clientv3.LeaseID) (time.Time, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if end, ok := l.ends[id]; ok {
		return end, nil
	}
	var end time.Time
	err := l.retry.Do(ctx, func(ctx context.Context) error {
		resp, err := l.kv.TimeToLive(ctx, id)
		if err == nil && resp.TTL >= 0 {
			end = time.Now().Add(time.Duration(resp.TTL) * time.Second)
		}
		return err
	})
	if err != nil {
		return end, err
	}
	if l.ends == nil {
		l.ends = make(map[clientv3.LeaseID]time.Time)
	}
	l.ends[id] = end
	return end, nil
}
