// Package fencetest provides an in-memory cluster for tests of code that writes
// through a fence: keys with revisions, transactions and leases, and answers
// that get lost, some of them to requests that are applied much later.
//
// Only tests may import it.
package fencetest

import (
	"bytes"
	"context"
	"maps"
	"reflect"
	"slices"
	"sync"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// Fate says what happens to a request.
type Fate int

// The fates. A request of the last two gets no answer.
const (
	Answer Fate = iota
	Lose        // the request is applied
	Hold        // the request is applied when Release is called
)

// Store is the cluster. It may be used from several goroutines; the exported
// fields are set before.
type Store struct {
	MaxOps int // of one transaction, by the server's count; 0: no limit
	// Fate decides on each transaction that may write, and on a refusal; may be
	// nil.
	Fate func(op clientv3.Op) (Fate, error)

	mu     sync.Mutex
	rev    int64
	keys   map[string]*mvccpb.KeyValue
	past   []map[string]*mvccpb.KeyValue // by revision
	leases map[clientv3.LeaseID]bool
	grants int
	held   []clientv3.Op
}

// Put sets a key, as another program does.
func (s *Store) Put(key, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.apply(clientv3.OpTxn(nil, []clientv3.Op{clientv3.OpPut(key, value)}, nil)) //nolint:errcheck // it has no lease
}

// AddLease adds a lease that another program has made.
func (s *Store) AddLease(id clientv3.LeaseID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.leases == nil {
		s.leases = make(map[clientv3.LeaseID]bool)
	}
	s.leases[id] = true
}

// Delete deletes a key, as another program does.
func (s *Store) Delete(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.apply(clientv3.OpTxn(nil, []clientv3.Op{clientv3.OpDelete(key)}, nil)) //nolint:errcheck // a deletion is not refused
}

// Release applies the requests that are held.
func (s *Store) Release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, op := range s.held {
		s.apply(op) //nolint:errcheck // the caller does not wait for the answer
	}
	s.held = nil
}

// Expire ends all leases, and the keys that have them.
func (s *Store) Expire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for lease := range s.leases {
		s.end(lease)
	}
}

// Keys returns the keys in order.
func (s *Store) Keys() []*mvccpb.KeyValue {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []*mvccpb.KeyValue
	for _, key := range slices.Sorted(maps.Keys(s.keys)) {
		all = append(all, s.keys[key])
	}
	return all
}

// Rev returns the revision.
func (s *Store) Rev() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rev
}

// Do implements [clientv3.KV].
func (s *Store) Do(_ context.Context, op clientv3.Op) (clientv3.OpResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	txn := op
	if !op.IsTxn() {
		txn = clientv3.OpTxn(nil, []clientv3.Op{op}, nil)
	}
	if s.MaxOps > 0 && count(txn) > s.MaxOps {
		return clientv3.OpResponse{}, rpctypes.ErrTooManyOps
	}
	fate := Answer
	if s.Fate != nil {
		var err error
		if fate, err = s.Fate(op); err != nil {
			return clientv3.OpResponse{}, err
		}
	}
	if fate == Hold {
		s.held = append(s.held, txn)
		return clientv3.OpResponse{}, rpctypes.ErrTimeout
	}
	resp, err := s.apply(txn)
	switch {
	case err != nil:
		return clientv3.OpResponse{}, err
	case fate == Lose:
		return clientv3.OpResponse{}, rpctypes.ErrTimeout
	case op.IsPut():
		return (&clientv3.PutResponse{Header: resp.Header}).OpResponse(), nil
	case op.IsDelete():
		del := resp.Responses[0].GetResponseDeleteRange()
		return (&clientv3.DeleteResponse{Header: resp.Header, Deleted: del.Deleted}).OpResponse(), nil
	}
	return (*clientv3.TxnResponse)(resp).OpResponse(), nil
}

// count returns the operations of a transaction as a server counts them.
func count(op clientv3.Op) int {
	cmps, then, other := op.Txn()
	inner := 0
	for _, op := range slices.Concat(then, other) {
		if op.IsTxn() {
			inner = max(inner, count(op))
		}
	}
	return max(len(cmps), len(then), len(other)) + inner
}

// apply carries out a transaction, or nothing of it.
func (s *Store) apply(op clientv3.Op) (*pb.TxnResponse, error) {
	if s.keys == nil {
		s.keys, s.rev, s.past = make(map[string]*mvccpb.KeyValue), 1, make([]map[string]*mvccpb.KeyValue, 2)
	}
	keys := maps.Clone(s.keys)
	wrote := false
	resp, err := s.txn(keys, op, &wrote)
	if err != nil {
		return nil, err
	}
	if wrote {
		s.rev, s.keys, s.past = s.rev+1, keys, append(s.past, keys)
	}
	resp.Header = &pb.ResponseHeader{Revision: s.rev, ClusterId: 0xd}
	return resp, nil
}

func (s *Store) txn(keys map[string]*mvccpb.KeyValue, op clientv3.Op, wrote *bool) (*pb.TxnResponse, error) {
	cmps, then, other := op.Txn()
	resp := &pb.TxnResponse{Succeeded: true}
	for _, c := range cmps {
		resp.Succeeded = resp.Succeeded && holds(keys[string(c.KeyBytes())], &c)
	}
	if !resp.Succeeded {
		then = other
	}
	for _, op := range then {
		r, err := s.one(keys, op, wrote)
		if err != nil {
			return nil, err
		}
		resp.Responses = append(resp.Responses, r)
	}
	return resp, nil
}

// holds knows comparisons of the two revisions for equality.
func holds(kv *mvccpb.KeyValue, c *clientv3.Cmp) bool {
	compare := c.GetCompare()
	if compare.Target == pb.Compare_CREATE {
		return kv.GetCreateRevision() == compare.GetCreateRevision()
	}
	return kv.GetModRevision() == compare.GetModRevision()
}

func (s *Store) one(keys map[string]*mvccpb.KeyValue, op clientv3.Op, wrote *bool) (*pb.ResponseOp, error) {
	key := string(op.KeyBytes())
	old := keys[key]
	switch {
	case op.IsTxn():
		inner, err := s.txn(keys, op, wrote)
		return &pb.ResponseOp{Response: &pb.ResponseOp_ResponseTxn{ResponseTxn: inner}}, err
	case op.IsGet():
		if rev := op.Rev(); rev > 0 {
			old = s.past[rev][key]
		}
		read := &pb.RangeResponse{}
		if old != nil {
			read.Kvs, read.Count = []*mvccpb.KeyValue{old}, 1
		}
		return &pb.ResponseOp{Response: &pb.ResponseOp_ResponseRange{ResponseRange: read}}, nil
	case op.IsDelete():
		del := &pb.DeleteRangeResponse{}
		if old != nil {
			delete(keys, key)
			del.Deleted, *wrote = 1, true
		}
		return &pb.ResponseOp{Response: &pb.ResponseOp_ResponseDeleteRange{ResponseDeleteRange: del}}, nil
	}
	kv := &mvccpb.KeyValue{Key: bytes.Clone(op.KeyBytes()), Value: bytes.Clone(op.ValueBytes()),
		CreateRevision: s.rev + 1, ModRevision: s.rev + 1, Version: 1}
	kv.Lease = reflect.ValueOf(op).FieldByName("leaseID").Int() // clientv3 does not export it
	if kv.Lease != 0 && !s.leases[clientv3.LeaseID(kv.Lease)] {
		return nil, rpctypes.ErrLeaseNotFound
	}
	if old != nil {
		kv.CreateRevision, kv.Version = old.CreateRevision, old.Version+1
	}
	keys[key], *wrote = kv, true
	return &pb.ResponseOp{Response: &pb.ResponseOp_ResponsePut{ResponsePut: &pb.PutResponse{}}}, nil
}

// Grant implements [clientv3.Lease].
func (s *Store) Grant(_ context.Context, ttl int64) (*clientv3.LeaseGrantResponse, error) {
	s.mu.Lock()
	s.grants++
	id := clientv3.LeaseID(s.grants)
	s.mu.Unlock()
	s.AddLease(id)
	return &clientv3.LeaseGrantResponse{ID: id, TTL: ttl}, nil
}

// GrantID implements fence.Leases. It ignores the id, so that tests can name
// leases.
func (s *Store) GrantID(ctx context.Context, _ clientv3.LeaseID, ttl int64) (clientv3.LeaseID, error) {
	resp, err := s.Grant(ctx, ttl)
	return resp.ID, err
}

// KeepAliveOnce implements [clientv3.Lease].
func (s *Store) KeepAliveOnce(_ context.Context, id clientv3.LeaseID) (*clientv3.LeaseKeepAliveResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.leases[id] {
		return nil, rpctypes.ErrLeaseNotFound
	}
	return &clientv3.LeaseKeepAliveResponse{ID: id, TTL: 1}, nil
}

// Revoke implements [clientv3.Lease].
func (s *Store) Revoke(_ context.Context, id clientv3.LeaseID) (*clientv3.LeaseRevokeResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.leases[id] {
		return nil, rpctypes.ErrLeaseNotFound
	}
	s.end(id)
	return &clientv3.LeaseRevokeResponse{}, nil
}

// end deletes a lease and its keys.
func (s *Store) end(id clientv3.LeaseID) {
	delete(s.leases, id)
	var dels []clientv3.Op
	for key, kv := range s.keys {
		if kv.Lease == int64(id) {
			dels = append(dels, clientv3.OpDelete(key))
		}
	}
	s.apply(clientv3.OpTxn(nil, dels, nil)) //nolint:errcheck // a deletion is not refused
}
