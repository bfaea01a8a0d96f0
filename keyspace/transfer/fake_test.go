package transfer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/keyspace/fence/fencekey"
	"etcdkit/keyspace/fence/fencetest"
	"etcdkit/keyspace/retry"
)

// fake is an in-memory v3 cluster, with faults that a server can't be made to
// have at a given moment.
type fake struct {
	fencetest.Store
	before func(puts int) error // called before each request with how many keys it is to write
	after  func(puts int) error // its error is an answer that was lost

	mu     sync.Mutex
	leases map[clientv3.LeaseID]time.Time
}

func newFake() *fake {
	return &fake{leases: make(map[clientv3.LeaseID]time.Time)}
}

func (f *fake) put(key, value string, lease clientv3.LeaseID) {
	op := clientv3.OpPut(key, value, clientv3.WithLease(lease))
	if _, err := f.Store.Do(context.Background(), op); err != nil {
		panic(err)
	}
}

// puts returns how many keys of v2 an operation is to write.
func puts(op clientv3.Op) int {
	_, ops, _ := op.Txn()
	n := 0
	for _, o := range ops {
		switch {
		case o.IsTxn():
			n += puts(o)
		case o.IsPut() && !fencekey.IsName(o.KeyBytes()):
			n++
		}
	}
	return n
}

func (f *fake) Do(ctx context.Context, op clientv3.Op) (clientv3.OpResponse, error) {
	if f.before != nil {
		if err := f.before(puts(op)); err != nil {
			return clientv3.OpResponse{}, err
		}
	}
	resp, err := f.Store.Do(ctx, op)
	if f.after != nil && err == nil {
		err = f.after(puts(op))
	}
	return resp, err
}

func (f *fake) Grant(ctx context.Context, ttl int64) (*clientv3.LeaseGrantResponse, error) {
	resp, err := f.Store.Grant(ctx, ttl)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.leases[resp.ID] = time.Now().Add(time.Duration(ttl) * time.Second)
	return resp, err
}

func (f *fake) TimeToLive(_ context.Context, id clientv3.LeaseID, _ ...clientv3.LeaseOption) (*clientv3.LeaseTimeToLiveResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	rest := int64(-1)
	if end, ok := f.leases[id]; ok {
		rest = int64(time.Until(end) / time.Second)
	}
	return &clientv3.LeaseTimeToLiveResponse{ID: id, TTL: rest}, nil
}

// state returns the keys as "key=value@lease".
func (f *fake) state() []string {
	var all []string
	for _, kv := range f.Keys() {
		text := string(kv.GetKey()) + "=" + string(kv.GetValue())
		if id := kv.GetLease(); id != 0 {
			text += fmt.Sprintf("@%d", id)
		}
		all = append(all, text)
	}
	return all
}

// copying is a run against the fake.
type copying struct {
	*fake
	trees []*Tree // the contents of v2 at each reading; the last one stays
	mode  Mode
	file  string

	mu    sync.Mutex
	reads int
	notes []string
}

func (c *copying) run(t *testing.T) (Summary, error) {
	t.Helper()
	return Run(t.Context(), Options{
		Read: func(context.Context) (*Tree, error) {
			tree := c.trees[min(c.reads, len(c.trees)-1)]
			c.reads++
			return tree, nil
		},
		Open:  func(context.Context) (KV, error) { return c.fake, nil },
		Retry: &retry.Retrier{Timeout: time.Second},
		Mode:  c.mode, Resume: c.file, Names: Names{From: "/"},
		Note: func(text string) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.notes = append(c.notes, text)
		},
		Progress: func(int64, int64) {},
	})
}

// tree is a tree of keys that are called as they are in v3.
func tree(index uint64, pairs ...Pair) *Tree {
	for i := range pairs {
		pairs[i].Key = pairs[i].From
	}
	return &Tree{Cluster: "c", Index: index, Pairs: pairs}
}

var errLost = rpctypes.Error(rpctypes.ErrGRPCTimeout)

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// once is an error at the first call for a write.
func once(err error) func(int) error {
	var mu sync.Mutex
	return func(puts int) error {
		mu.Lock()
		defer mu.Unlock()
		was := err
		if puts > 0 {
			err = nil
			return was
		}
		return nil
	}
}

var errTest = errors.New("test")
