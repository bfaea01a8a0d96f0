package bulk

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/keyspace/fence"
	"etcdkit/keyspace/fence/fencetest"
	"etcdkit/keyspace/retry"
)

func fenced(s *fencetest.Store) *fence.Fence {
	f := &fence.Fence{KV: s, Leases: s, Retry: &retry.Retrier{Timeout: time.Minute}}
	f.Retry.Succeeded()
	return f
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
			s := &fencetest.Store{}
			s.Put("b", "theirs")
			s.Fate = func(op clientv3.Op) (fencetest.Fate, error) {
				if _, then, _ := op.Txn(); tt.lose > 0 && len(then) > 1 { // not the fence's own
					tt.lose--
					return fencetest.Lose, nil
				}
				return fencetest.Answer, nil
			}
			var present, refused []string
			c := &Committer{Fence: fenced(s), Mode: tt.mode, Done: func(done Committed) {
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
			err := c.Commit(t.Context(), puts(strings.Fields(tt.put)...))
			if text(err) != tt.err {
				t.Errorf("error %q, want %q", text(err), tt.err)
			}
			c.Fence.Close(t.Context())
			var there []string
			for _, kv := range s.Keys() {
				there = append(there, string(kv.GetKey()))
				if kv.GetVersion() != 1 && tt.mode != Overwrite {
					t.Errorf("key %q that was there is written over", kv.GetKey())
				}
			}
			same(t, there, strings.Fields(tt.there))
			same(t, present, strings.Fields(tt.present))
			same(t, refused, strings.Fields(tt.refused))
		})
	}
}

// A server that takes n operations takes the fence's and transactions in a
// transaction as well.
func TestWithinLimit(t *testing.T) {
	t.Parallel()
	for _, mode := range []Mode{Overwrite, Skip, Refuse, Look} {
		for limit := range 6 {
			s := &fencetest.Store{MaxOps: limit}
			c := &Committer{Fence: fenced(s), Limits: Limits{Ops: limit}, Mode: mode}
			if err := c.Commit(t.Context(), puts("a", "b", "c", "d", "e", "f", "g", "h")); err != nil && limit > 1 {
				t.Errorf("%v, at most %d operations: %v", mode, limit, err)
			}
			c.Fence.Close(t.Context())
			if want := 8; mode != Look && limit > 1 && len(s.Keys()) != want {
				t.Errorf("%v, at most %d operations: %d keys, want %d", mode, limit, len(s.Keys()), want)
			}
		}
	}
}

// Without an answer, and with a fence that has expired meanwhile, missing keys
// are written, including those that others have deleted or overwritten.
func TestCommitAfterExpiry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, fate := range []fencetest.Fate{fencetest.Lose, fencetest.Hold} {
			s := &fencetest.Store{}
			lose := true
			s.Fate = func(op clientv3.Op) (fencetest.Fate, error) {
				if _, then, _ := op.Txn(); lose && len(then) > 2 {
					lose = false
					return fate, nil
				}
				return fencetest.Answer, nil
			}
			changes := 0
			c := &Committer{Fence: fenced(s), Done: func(done Committed) { changes += len(done.Changes) }}
			s.Put("c", "theirs")
			var err error
			committed := make(chan struct{})
			go func() {
				defer close(committed)
				err = c.Commit(t.Context(), append(puts("a", "b"), Delete([]byte("c"))))
			}()
			synctest.Wait()
			s.Expire()
			<-committed
			s.Release()
			c.Fence.Close(t.Context())
			var keys []string
			for _, kv := range s.Keys() {
				keys = append(keys, fmt.Sprintf("%s=%s", kv.GetKey(), kv.GetValue()))
			}
			if err != nil || changes != 3 || !slices.Equal(keys, []string{"a=v", "b=v"}) {
				t.Errorf("%v, %d changes, keys %q", err, changes, keys)
			}
		}
	})
}

// An answer that never comes makes the error name the changes.
func TestCommitUnknown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &fencetest.Store{Fate: func(clientv3.Op) (fencetest.Fate, error) { return fencetest.Hold, nil }}
		var unknown []Change
		c := &Committer{Fence: unfenced(s), Unknown: func(changes []Change) { unknown = changes }}
		err := c.Commit(t.Context(), puts("a", "b"))
		if !errors.Is(err, rpctypes.ErrTimeout) || len(unknown) != 2 {
			t.Errorf("%v, %d changes unknown", err, len(unknown))
		}
	})
}

// One key's changes are made in their order, whatever is under way, and marks
// come in the order of the batches.
func TestOrderedWriter(t *testing.T) {
	t.Parallel()
	f := &fake{}
	c := &Committer{Fence: unfenced(f), Limits: Limits{Ops: 4}}
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

// Batches after one that failed are not marked.
func TestOrderedWriterFails(t *testing.T) {
	t.Parallel()
	f := &fake{fail: func(ops []clientv3.Op) error {
		if string(ops[0].KeyBytes()) == "c" {
			return rpctypes.ErrNoSpace
		}
		return nil
	}}
	c := &Committer{Fence: unfenced(f), Limits: Limits{Ops: 1}}
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
