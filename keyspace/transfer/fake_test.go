package transfer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/keyspace/retry"
)

// fake stands for v3: keys with revisions and leases in memory, and faults that
// a server can't be made to have at a given moment.
type fake struct {
	before func(puts int) error // called before each request with how many keys it is to write
	after  func(puts int) error // its error is an answer that was lost

	mu     sync.Mutex
	rev    int64
	kvs    map[string]*mvccpb.KeyValue
	leases map[clientv3.LeaseID]time.Time
}

func newFake() *fake {
	return &fake{rev: 1, kvs: make(map[string]*mvccpb.KeyValue), leases: make(map[clientv3.LeaseID]time.Time)}
}

func (f *fake) put(key, value string, lease clientv3.LeaseID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rev++
	f.kvs[key] = &mvccpb.KeyValue{Key: []byte(key), Value: []byte(value), ModRevision: f.rev, Lease: int64(lease)}
}

func (f *fake) Do(_ context.Context, op clientv3.Op) (clientv3.OpResponse, error) {
	cmps, ops, _ := op.Txn()
	puts := 0
	for _, o := range ops {
		if o.IsPut() {
			puts++
		}
	}
	if f.before != nil {
		if err := f.before(puts); err != nil {
			return clientv3.OpResponse{}, err
		}
	}
	resp := f.txn(cmps, ops)
	if f.after != nil {
		if err := f.after(puts); err != nil {
			return clientv3.OpResponse{}, err
		}
	}
	return (*clientv3.TxnResponse)(resp).OpResponse(), nil
}

func (f *fake) txn(cmps []clientv3.Cmp, ops []clientv3.Op) *pb.TxnResponse {
	f.mu.Lock()
	defer f.mu.Unlock()
	resp := &pb.TxnResponse{Header: &pb.ResponseHeader{ClusterId: 0xd, Revision: f.rev}}
	for _, c := range cmps {
		if f.kvs[string(c.KeyBytes())].GetModRevision() != c.GetCompare().GetModRevision() {
			return resp
		}
	}
	resp.Succeeded = true
	f.rev++
	for _, o := range ops {
		key := string(o.KeyBytes())
		if o.IsPut() {
			f.kvs[key] = &mvccpb.KeyValue{Key: []byte(key), Value: slices.Clone(o.ValueBytes()), ModRevision: f.rev, Lease: leaseOf(o)}
			continue
		}
		r := &pb.RangeResponse{}
		if kv := f.kvs[key]; kv != nil {
			r.Kvs = []*mvccpb.KeyValue{kv}
		}
		resp.Responses = append(resp.Responses, &pb.ResponseOp{Response: &pb.ResponseOp_ResponseRange{ResponseRange: r}})
	}
	return resp
}

func (f *fake) Grant(_ context.Context, ttl int64) (*clientv3.LeaseGrantResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	id := clientv3.LeaseID(len(f.leases) + 1)
	f.leases[id] = time.Now().Add(time.Duration(ttl) * time.Second)
	return &clientv3.LeaseGrantResponse{ID: id, TTL: ttl}, nil
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
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []string
	for _, key := range slices.Sorted(maps.Keys(f.kvs)) {
		text := key + "=" + string(f.kvs[key].Value)
		if id := f.kvs[key].Lease; id != 0 {
			text += fmt.Sprintf("@%d", id)
		}
		all = append(all, text)
	}
	return all
}

// copying is a run against the fake.
type copying struct {
	*fake
	trees []*Tree // what v2 holds at each reading; the last one stays
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

// leaseOf reads what clientv3 shows nobody.
func leaseOf(op clientv3.Op) int64 { return reflect.ValueOf(op).FieldByName("leaseID").Int() }

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
