package mirror

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/keyspace/bulk"
	"etcdkit/keyspace/retry"
)

// leases gives each lease of a mirrored key its own counterpart at the
// destination, which ends when the source's lease would, and is renewed when
// that is. Its size is the number of leases. It is safe for concurrent use.
type leases struct {
	source, dest           *clientv3.Client
	sourceRetry, destRetry *retry.Retrier
	refused                func(error) // called once if there is no permission to carry leases over

	mu    sync.Mutex
	known map[int64]*lease // by the source's id
	lost  map[int64]bool   // of the source; keys have gone with their counterparts
	off   bool             // refused
}

// lease is one at the destination. Its lock is held while it is made.
type lease struct {
	mu    sync.Mutex
	id    clientv3.LeaseID
	until time.Time // it ends, if nothing is done
	check time.Time // when to ask the source
}

// Of implements [bulk.Leases]. Without permission to read leases at the source,
// or to grant them at the destination, keys are written without a lease, as
// upstream always does.
func (l *leases) Of(ctx context.Context, id int64) (clientv3.LeaseID, error) {
	k := l.lease(id)
	if k == nil {
		return clientv3.NoLease, nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.id != clientv3.NoLease {
		return k.id, nil
	}
	err := l.grant(ctx, id, k)
	if errors.Is(err, rpctypes.ErrPermissionDenied) {
		l.turnOff(err)
		return clientv3.NoLease, nil
	}
	return k.id, err
}

// lease returns the counterpart of a lease, which may not be granted yet, or
// nil if it can't have one.
func (l *leases) lease(id int64) *lease {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.off {
		return nil
	}
	if l.known == nil {
		l.known = make(map[int64]*lease)
	}
	if l.known[id] == nil {
		l.known[id] = &lease{}
	}
	return l.known[id]
}

func (l *leases) turnOff(err error) {
	l.mu.Lock()
	first := !l.off
	l.off, l.known = true, nil
	l.mu.Unlock()
	if first {
		l.refused(err)
	}
}

// grant makes k, with the time that the lease id of the source has left. One
// that has ended is followed by the end of its keys: theirs gets the shortest
// time there is.
func (l *leases) grant(ctx context.Context, id int64, k *lease) error {
	left, err := l.left(ctx, id)
	if err != nil {
		return err
	}
	var resp *clientv3.LeaseGrantResponse
	err = l.destRetry.Do(ctx, func(ctx context.Context) (err error) {
		resp, err = l.dest.Grant(ctx, max(1, left))
		return err
	})
	if err != nil {
		return err
	}
	k.id = resp.ID
	k.renewed(resp.TTL)
	return nil
}

// left returns the seconds that a lease of the source has left, -1 if it has
// ended.
func (l *leases) left(ctx context.Context, id int64) (int64, error) {
	return bulk.SecondsLeft(ctx, l.source, l.sourceRetry, clientv3.LeaseID(id))
}

// renewed says that the lease has ttl seconds from now.
func (k *lease) renewed(ttl int64) {
	k.until = time.Now().Add(time.Duration(ttl) * time.Second)
	k.schedule()
}

// schedule puts the next look at the source halfway to the lease's end.
func (k *lease) schedule() {
	now := time.Now()
	k.check = now.Add(max(k.until.Sub(now)/2, leaseTick))
}

// leaseTick is how often is looked which leases are due, of which leaseCalls
// are looked after at a time.
const (
	leaseTick  = 500 * time.Millisecond
	leaseCalls = 8
)

// keep renews leases until ctx ends.
func (l *leases) keep(ctx context.Context) {
	tick := time.NewTicker(leaseTick)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			l.renewDue(ctx)
		}
	}
}

func (l *leases) renewDue(ctx context.Context) {
	var calls sync.WaitGroup
	free := make(chan struct{}, leaseCalls)
	for id, k := range l.due() {
		free <- struct{}{}
		calls.Go(func() {
			defer func() { <-free }()
			k.mu.Lock()
			defer k.mu.Unlock()
			l.renew(ctx, id, k)
		})
	}
	calls.Wait()
}

// due returns the leases that it is time to look after. One that is being made
// is not.
func (l *leases) due() map[int64]*lease {
	l.mu.Lock()
	defer l.mu.Unlock()
	now, due := time.Now(), make(map[int64]*lease)
	for id, k := range l.known {
		if !k.mu.TryLock() {
			continue
		}
		if k.id != clientv3.NoLease && !now.Before(k.check) {
			due[id] = k
		}
		k.mu.Unlock()
	}
	return due
}

// renew gives the counterpart of a lease more time where the source's has more.
// What fails is tried again at the next tick.
func (l *leases) renew(ctx context.Context, id int64, k *lease) {
	left, err := l.left(ctx, id)
	switch {
	case err != nil:
		return
	case left < 0:
		l.forget(id, k)
		return
	case time.Duration(left)*time.Second <= time.Until(k.until)+time.Second:
		k.schedule()
		return
	}
	var resp *clientv3.LeaseKeepAliveResponse
	err = l.destRetry.Do(ctx, func(ctx context.Context) (err error) {
		resp, err = l.dest.KeepAliveOnce(ctx, k.id)
		return err
	})
	switch {
	case errors.Is(err, rpctypes.ErrLeaseNotFound):
		l.forget(id, k)
		l.lose(id)
	case err == nil:
		k.renewed(resp.TTL)
	}
}

// forget makes the next change that comes with the lease make another.
func (l *leases) forget(id int64, k *lease) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.known[id] == k {
		delete(l.known, id)
	}
}

func (l *leases) lose(id int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lost == nil {
		l.lost = make(map[int64]bool)
	}
	l.lost[id] = true
}

// Gone implements [bulk.Leases].
func (l *leases) Gone(ctx context.Context, ids []int64) error {
	for _, id := range ids {
		k := l.lease(id)
		if k == nil {
			continue
		}
		if err := l.verify(ctx, id, k); err != nil {
			return err
		}
	}
	return nil
}

// verify forgets the counterpart of a lease if it no longer exists.
func (l *leases) verify(ctx context.Context, id int64, k *lease) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.id == clientv3.NoLease {
		return nil
	}
	left, err := bulk.SecondsLeft(ctx, l.dest, l.destRetry, k.id)
	if err == nil && left < 0 {
		l.forget(id, k)
		l.lose(id)
	}
	return err
}

// takeLost returns the leases of the source whose keys have to be rewritten.
func (l *leases) takeLost() map[int64]bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	lost := l.lost
	l.lost = nil
	return lost
}
