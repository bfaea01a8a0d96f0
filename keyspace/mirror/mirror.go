package mirror

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/keyspace/bulk"
	"etcdkit/keyspace/fence"
	"etcdkit/keyspace/retry"
)

// Options say which keys are mirrored and how.
type Options struct {
	Prefix      string      // of the keys at the source; empty for all
	DestPrefix  string      // in its place at the destination
	Rev         int64       // begin with the events of this revision; 0 or 1: with a copy of all keys
	Limits      bulk.Limits // of one transaction
	Once        bool        // end when the keys that exist at the start are mirrored
	DeleteExtra bool        // the copy also deletes keys that the source lacks

	Timeout      time.Duration           // of one request
	MaxRecvBytes int                     // largest answer to accept; 0 is no limit
	Note         func(text string)       // called with messages for the user
	Copied       func(done, total int64) // called with the progress of a copy; may be nil
}

// Cluster is one end of a mirror.
type Cluster struct {
	Client  *clientv3.Client
	Explain func(error) error // adds the cause to the error of a request
}

// Mirror copies keys from one cluster to another.
type Mirror struct {
	Options
	source, dest           *clientv3.Client
	sourceRetry, destRetry *retry.Retrier
	name                   renaming
	fence                  *fence.Fence
	commits                *bulk.Committer
	leases                 *leases
	ours                   revisions
	total                  atomic.Int64
}

// New returns a mirror, which Run starts.
func New(source, dest Cluster, o Options) *Mirror {
	m := &Mirror{Options: o, source: source.Client, dest: dest.Client, name: renaming{o.Prefix, o.DestPrefix}}
	m.sourceRetry = m.retry("source", source.Explain)
	m.destRetry = m.retry("destination", dest.Explain)
	m.leases = &leases{
		source: m.source, sourceRetry: m.sourceRetry,
		dest: m.dest, destRetry: m.destRetry,
		refused: func(err error) { m.note("Keys are written without their leases: %v", err) },
	}
	m.fence = &fence.Fence{KV: m.dest, Leases: fence.Cluster{Client: m.dest}, Retry: m.destRetry}
	m.commits = &bulk.Committer{Fence: m.fence, Limits: o.Limits, Leases: m.leases, Done: m.committed, Unknown: m.unknown}
	return m
}

// retry returns the retrier for one of the clusters. A continuous mirror waits
// for an unreachable cluster without a limit; a single copy has a limit.
func (m *Mirror) retry(cluster string, explain func(error) error) *retry.Retrier {
	r := &retry.Retrier{Timeout: m.Timeout, Explain: func(err error) error {
		return fmt.Errorf("%w: at the %s", explain(err), cluster)
	}}
	if m.Once {
		r.Patience = 2 * m.Timeout
	}
	r.Report = func(err error) {
		if err == nil {
			m.note("The %s has answered again", cluster)
			return
		}
		m.note("Trying again: %v", err)
	}
	return r
}

func (m *Mirror) note(format string, args ...any) { m.Note(fmt.Sprintf(format, args...)) }

// Total returns how many changes have been made at the destination. It may be
// called at any time.
func (m *Mirror) Total() int64 { return m.total.Load() }

func (m *Mirror) committed(c bulk.Committed) {
	m.total.Add(int64(len(c.Changes)))
	if c.Revision > 0 {
		m.ours.add(c.Revision)
	}
}

// unknown names changes whose answer was lost.
func (m *Mirror) unknown(changes []bulk.Change) {
	m.note("It is not known whether these changes (%d) were made at the destination: keys %q to %q",
		len(changes), changes[0].Key(), changes[len(changes)-1].Key())
}

// Run mirrors until ctx ends, whose cause it returns, or until a request fails
// with an error that a retry can't mend. With Once it ends after the copy. When
// it returns, nothing is under way any more.
func (m *Mirror) Run(ctx context.Context) error {
	if err := m.reach(ctx); err != nil {
		return err
	}
	defer m.keepLeases(ctx)()
	defer m.fence.Close(ctx)
	rev := m.Rev - 1
	begun := rev < 1
	if begun {
		var err error
		if rev, err = m.copyAll(ctx); err != nil || m.Once {
			return err
		}
	}
	for {
		last, err := m.follow(ctx, rev)
		begun = begun || last > rev
		if !begun || !errors.Is(err, rpctypes.ErrCompacted) {
			return err
		}
		m.note("What came after revision %d was compacted away before it was mirrored; copying all keys again", last)
		if rev, err = m.copyAll(ctx); err != nil {
			return err
		}
	}
}

// reach sends a first request to the destination, so that its errors are known
// before anything is read. Missing permission to read there is not an error.
func (m *Mirror) reach(ctx context.Context) error {
	keys := prefixSpan(m.DestPrefix)
	err := m.destRetry.Do(ctx, func(ctx context.Context) error {
		_, err := m.dest.Get(ctx, keys.key, clientv3.WithRange(keys.end), clientv3.WithLimit(1), clientv3.WithKeysOnly())
		return err
	})
	if errors.Is(err, rpctypes.ErrPermissionDenied) {
		return nil
	}
	return err
}

// keepLeases keeps leases alive until the returned function is called.
func (m *Mirror) keepLeases(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		m.leases.keep(ctx)
	}()
	return func() {
		cancel()
		<-ended
	}
}

// change returns the change at the destination that makes it like a key of the
// source.
func (m *Mirror) change(kv *mvccpb.KeyValue) (bulk.Change, error) {
	key, err := m.name.key(kv.GetKey())
	return bulk.Put(key, kv.GetValue(), kv.GetLease()), err
}
