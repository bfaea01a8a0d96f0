package bulk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"etcdkit/keyspace/retry"
)

// store is a cluster that carries out transactions that look whether keys are
// there. The first answers it gives may get lost.
type store struct {
	keys   map[string]*mvccpb.KeyValue
	rev    int64
	lose   int // so many answers
	maxOps int
}

func (s *store) Do(_ context.Context, op clientv3.Op) (clientv3.OpResponse, error) {
	if !op.IsTxn() {
		op = clientv3.OpTxn(nil, []clientv3.Op{op}, nil)
	}
	if cmps, then, _ := op.Txn(); s.maxOps > 0 && len(cmps)+len(then) > s.maxOps {
		return clientv3.OpResponse{}, rpctypes.ErrTooManyOps
	}
	s.rev++
	resp := (*clientv3.TxnResponse)(s.txn(op))
	resp.Header = &pb.ResponseHeader{Revision: s.rev}
	if s.lose > 0 {
		s.lose--
		return clientv3.OpResponse{}, status.Error(codes.Unavailable, "lost")
	}
	return resp.OpResponse(), nil
}

func (s *store) txn(op clientv3.Op) *pb.TxnResponse {
	cmps, then, otherwise := op.Txn()
	resp := &pb.TxnResponse{Succeeded: true}
	for _, c := range cmps {
		resp.Succeeded = resp.Succeeded && s.keys[string(c.KeyBytes())] == nil
	}
	if !resp.Succeeded {
		then = otherwise
	}
	for _, op := range then {
		r := &pb.ResponseOp{}
		switch key := string(op.KeyBytes()); {
		case op.IsTxn():
			r.Response = &pb.ResponseOp_ResponseTxn{ResponseTxn: s.txn(op)}
		case op.IsGet():
			answer := &pb.RangeResponse{}
			if kv := s.keys[key]; kv != nil {
				answer.Kvs = append(answer.Kvs, kv)
			}
			r.Response = &pb.ResponseOp_ResponseRange{ResponseRange: answer}
		default:
			kv := &mvccpb.KeyValue{Key: op.KeyBytes(), CreateRevision: s.rev, Version: 1}
			if old := s.keys[key]; old != nil {
				kv.CreateRevision, kv.Version = old.CreateRevision, old.Version+1
			}
			s.keys[key] = kv
			r.Response = &pb.ResponseOp_ResponsePut{ResponsePut: &pb.PutResponse{}}
		}
		resp.Responses = append(resp.Responses, r)
	}
	return resp
}

func TestModes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		mode    Mode
		put     string // keys
		lose    int
		tell    bool // which changes are refused
		there   string
		present string
		refused string
		err     string
	}{
		{name: "overwrite", mode: Overwrite, put: "a b c", there: "a b c"},
		{name: "skip", mode: Skip, put: "a b c", there: "a b c", present: "b"},
		{name: "skip one", mode: Skip, put: "b", there: "b", present: "b"},
		{name: "skip, the answer lost", mode: Skip, put: "a b c", lose: 1, there: "a b c", present: "b"},
		{name: "refuse", mode: Refuse, put: "a c", there: "a b c"},
		{name: "refuse one that is there", mode: Refuse, put: "a b c", there: "b", err: `the key exists already: "b"`},
		{name: "refuse, the answer lost", mode: Refuse, put: "a c", lose: 2, there: "a b c"},
		{name: "refuse and tell which", mode: Refuse, put: "a b c", tell: true, there: "a b c", refused: "b"},
		{name: "look", mode: Look, put: "a b c", there: "b", present: "b"},
		{name: "look at one", mode: Look, put: "b", there: "b", present: "b"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := &store{keys: map[string]*mvccpb.KeyValue{"b": {Key: []byte("b"), CreateRevision: 3, Version: 1}}, rev: 5, lose: tt.lose}
			var present, refused []string
			c := &Committer{KV: s, Retry: &retry.Retrier{Timeout: time.Minute}, Mode: tt.mode, Since: 5, Done: func(done Committed) {
				for _, p := range done.Present {
					present = append(present, string(p.Key()))
				}
			}}
			if tt.tell {
				c.Refused = func(change Change, err error) error {
					if !errors.Is(err, ErrPresent) {
						t.Error(err)
					}
					refused = append(refused, string(change.Key()))
					return nil
				}
			}
			c.Retry.Succeeded()
			err := c.Commit(t.Context(), puts(strings.Fields(tt.put)...))
			if text(err) != tt.err {
				t.Errorf("error %q, want %q", text(err), tt.err)
			}
			var there []string
			for key := range s.keys {
				there = append(there, key)
			}
			slices.Sort(there)
			same(t, there, strings.Fields(tt.there))
			same(t, present, strings.Fields(tt.present))
			same(t, refused, strings.Fields(tt.refused))
			if s.keys["b"].Version != 1 && tt.mode != Overwrite {
				t.Error("a key that was there is written over")
			}
		})
	}
}

// A server that takes n operations takes transactions in a transaction as well.
func TestSkipWithinLimit(t *testing.T) {
	t.Parallel()
	s := &store{keys: map[string]*mvccpb.KeyValue{}, maxOps: 4}
	c := &Committer{KV: s, Retry: &retry.Retrier{Timeout: time.Minute}, Limits: Limits{Ops: 5}, Mode: Skip}
	if err := c.Commit(t.Context(), puts("a", "b", "c", "d", "e", "f", "g", "h")); err != nil || s.rev != 2 {
		t.Errorf("%v, %d transactions, want 2", err, s.rev)
	}
}

// One key's changes are made in their order, whatever is under way, and marks
// come in the order of the batches.
func TestOrderedWriter(t *testing.T) {
	t.Parallel()
	f := &fake{}
	c := &Committer{KV: f, Retry: &retry.Retrier{Timeout: time.Minute}, Limits: Limits{Ops: 3}}
	marked, added := []int{}, 0
	w := NewOrderedWriter(t.Context(), c, 4, func() func() {
		upTo := added
		return func() { marked = append(marked, upTo) }
	})
	for i := range 200 {
		if err := w.Add(Put([]byte{byte('a' + i%2)}, fmt.Append(nil, i), 0)); err != nil {
			t.Fatal(err)
		}
		added++
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	last := map[byte]string{}
	for _, done := range f.done {
		for one := range strings.SplitSeq(done, ", ") {
			key, value, _ := strings.Cut(strings.TrimPrefix(one, "put "), "=")
			if fmt.Sprintf("%5s", value) < last[key[0]] {
				t.Fatalf("%s=%s after %s", key, value, last[key[0]])
			}
			last[key[0]] = fmt.Sprintf("%5s", value)
		}
	}
	if !slices.IsSorted(marked) || marked[len(marked)-1] != 200 {
		t.Errorf("marks %v", marked)
	}
}

// What is behind a batch that failed is not marked.
func TestOrderedWriterFails(t *testing.T) {
	t.Parallel()
	f := &fake{fail: func(ops []clientv3.Op) error {
		if string(ops[0].KeyBytes()) == "c" {
			return rpctypes.ErrNoSpace
		}
		return nil
	}}
	c := &Committer{KV: f, Retry: &retry.Retrier{Timeout: time.Minute}, Limits: Limits{Ops: 1}}
	added, marked := 0, 0
	w := NewOrderedWriter(t.Context(), c, 1, func() func() {
		upTo := added
		return func() { marked = upTo }
	})
	for _, key := range []string{"a", "b", "c", "d", "e", "f"} {
		if w.Add(put(key)) != nil {
			break
		}
		added++
	}
	if err := w.Close(); !errors.Is(err, rpctypes.ErrNoSpace) {
		t.Error(err)
	}
	if marked != 2 {
		t.Errorf("marked %d, want the 2 before the one that failed", marked)
	}
}
