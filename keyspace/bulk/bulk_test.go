package bulk

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"etcdkit/keyspace/fence"
	"etcdkit/keyspace/retry"
)

// fake is a cluster that records the requests it applied, each as "put
// k=v@lease, del k", and that first fails as configured.
type fake struct {
	mu       sync.Mutex
	done     []string
	fail     func(ops []clientv3.Op) error // nil: never
	underWay int
	most     int           // requests at a time
	hold     chan struct{} // requests wait for it; nil: they don't
}

func (f *fake) Do(ctx context.Context, op clientv3.Op) (clientv3.OpResponse, error) {
	ops := []clientv3.Op{op}
	if op.IsTxn() {
		_, ops, _ = op.Txn()
	}
	f.mu.Lock()
	f.underWay++
	f.most = max(f.most, f.underWay)
	f.mu.Unlock()
	if f.hold != nil {
		select {
		case <-f.hold:
		case <-ctx.Done():
			return clientv3.OpResponse{}, ctx.Err()
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.underWay--
	if f.fail != nil {
		if err := f.fail(ops); err != nil {
			return clientv3.OpResponse{}, err
		}
	}
	f.done = append(f.done, words(ops))
	header := &pb.ResponseHeader{Revision: int64(len(f.done))}
	switch {
	case op.IsTxn():
		return (&clientv3.TxnResponse{Header: header, Succeeded: true, Responses: answers(ops)}).OpResponse(), nil
	case op.IsPut():
		return (&clientv3.PutResponse{Header: header}).OpResponse(), nil
	}
	return (&clientv3.DeleteResponse{Header: header, Deleted: 1}).OpResponse(), nil
}

// unfenced sends each request once.
func unfenced(kv fence.KV) *fence.Fence {
	return &fence.Fence{KV: kv, Retry: &retry.Retrier{Timeout: time.Minute}}
}

func answers(ops []clientv3.Op) []*pb.ResponseOp {
	var all []*pb.ResponseOp
	for _, op := range ops {
		r := &pb.ResponseOp{}
		switch {
		case op.IsTxn():
			_, then, _ := op.Txn()
			r.Response = &pb.ResponseOp_ResponseTxn{ResponseTxn: &pb.TxnResponse{Succeeded: true, Responses: answers(then)}}
		case op.IsDelete():
			r.Response = &pb.ResponseOp_ResponseDeleteRange{ResponseDeleteRange: &pb.DeleteRangeResponse{Deleted: 1}}
		default:
			r.Response = &pb.ResponseOp_ResponsePut{ResponsePut: &pb.PutResponse{}}
		}
		all = append(all, r)
	}
	return all
}

func words(ops []clientv3.Op) string {
	var all []string
	for _, op := range ops {
		if op.IsTxn() {
			ifs, then, _ := op.Txn()
			all = append(all, fmt.Sprintf("if %s: %s", ifs[0].KeyBytes(), words(then)))
			continue
		}
		if op.IsDelete() {
			all = append(all, "del "+string(op.KeyBytes()))
			continue
		}
		text := fmt.Sprintf("put %s=%s", op.KeyBytes(), op.ValueBytes())
		if id := leaseOf(op); id != 0 {
			text += fmt.Sprintf("@%d", id)
		}
		all = append(all, text)
	}
	return strings.Join(all, ", ")
}

// leaseOf returns the lease of an operation, which clientv3 does not export.
func leaseOf(op clientv3.Op) int64 { return reflect.ValueOf(op).FieldByName("leaseID").Int() }

func put(key string) Change { return Put([]byte(key), []byte("v"), 0) }

func puts(keys ...string) []Change {
	var all []Change
	for _, k := range keys {
		all = append(all, put(k))
	}
	return all
}

func same(t *testing.T, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestBatch(t *testing.T) {
	t.Parallel()
	big := Put([]byte("big"), make([]byte, 1000), 0)
	for _, tt := range []struct {
		name   string
		limits Limits
		there  []Change
		add    []Change
		want   bool
	}{
		{"an empty one takes too many", Limits{Ops: 1}, nil, puts("a", "b"), true},
		{"an empty one takes too large", Limits{Bytes: 10}, nil, puts("a"), true},
		{"up to the limit", Limits{Ops: 4}, puts("a"), puts("b", "c"), true},
		{"beyond the limit", Limits{Ops: 4}, puts("a", "b"), puts("c", "d"), false},
		{"no limit", Limits{}, puts("a", "b"), puts("c", "d"), true},
		{"bytes", Limits{Bytes: 2000}, puts("a"), []Change{big}, true},
		{"too many bytes", Limits{Bytes: 1000}, puts("a"), []Change{big}, false},
		{"the default of bytes", Limits{}, puts("a"), []Change{Put([]byte("b"), make([]byte, DefaultBytes), 0)}, false},
		{"a key twice", Limits{}, puts("a", "b"), puts("c", "b"), false},
		{"a key deleted after", Limits{}, puts("a"), []Change{Delete([]byte("a"))}, false},
		{"a key put after", Limits{}, []Change{Delete([]byte("a"))}, puts("a"), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := (&Committer{Limits: tt.limits}).Batch()
			if len(tt.there) > 0 && !b.Add(tt.there...) {
				t.Fatal("an empty batch does not take what is to be there")
			}
			if got := b.Add(tt.add...); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			want := tt.there
			if tt.want {
				want = slices.Concat(tt.there, tt.add)
			}
			if b.Len() != len(want) {
				t.Errorf("%d changes, want %d", b.Len(), len(want))
			}
			if got := b.Take(); !reflect.DeepEqual(got, want) {
				t.Errorf("took %v, want %v", got, want)
			}
			if b.Len() != 0 || !b.Add(tt.add...) || b.Len() != len(tt.add) {
				t.Error("it is not empty after Take")
			}
		})
	}
}

func TestCommit(t *testing.T) {
	t.Parallel()
	refuseMore := func(most int, err error) func([]clientv3.Op) error {
		return func(ops []clientv3.Op) error {
			if len(ops) > most {
				return err
			}
			return nil
		}
	}
	tooLong := status.Error(codes.ResourceExhausted, "trying to send message larger than max")
	for _, tt := range []struct {
		name    string
		limits  Limits
		changes []Change
		fail    func([]clientv3.Op) error
		want    []string
		err     string
	}{
		{name: "nothing"},
		{name: "one put", changes: puts("a"), want: []string{"put a=v"}},
		{name: "one delete", changes: []Change{Delete([]byte("a"))}, want: []string{"del a"}},
		{name: "several", changes: append(puts("a", "b"), Delete([]byte("c"))), want: []string{"put a=v, put b=v, del c"}},
		{name: "more than the limit", limits: Limits{Ops: 3}, changes: puts("a", "b", "c", "d", "e"),
			want: []string{"put a=v, put b=v", "put c=v, put d=v", "put e=v"}},
		{name: "deletes on a condition", limits: Limits{Ops: 4}, changes: append(puts("a"), DeleteAt([]byte("b"), 7), DeleteAt([]byte("c"), 8)),
			want: []string{"put a=v, if b: del b", "del c"}},
		{name: "more bytes than the limit", limits: Limits{Bytes: 100}, changes: puts("a", "b", "c"),
			want: []string{"put a=v, put b=v", "put c=v"}},
		{name: "a limit of one", limits: Limits{Ops: 1}, changes: puts("a", "b"), want: []string{"put a=v", "put b=v"}},
		{name: "the server takes fewer", changes: puts("a", "b", "c", "d", "e"), fail: refuseMore(2, rpctypes.ErrTooManyOps),
			want: []string{"put a=v, put b=v", "put c=v, put d=v", "put e=v"}},
		{name: "the server takes fewer bytes", changes: puts("a", "b", "c", "d"), fail: refuseMore(2, rpctypes.ErrRequestTooLarge),
			want: []string{"put a=v, put b=v", "put c=v, put d=v"}},
		{name: "the client sends fewer bytes", changes: puts("a", "b", "c"), fail: refuseMore(1, tooLong),
			want: []string{"put a=v", "put b=v", "put c=v"}},
		{name: "one is too large", changes: puts("a", "b"), fail: refuseMore(0, rpctypes.ErrRequestTooLarge),
			err: "etcdserver: request is too large"},
		{name: "too many requests is no size", changes: puts("a", "b"), fail: refuseMore(1, rpctypes.ErrNoSpace),
			err: "etcdserver: mvcc: database space exceeded"},
		{name: "refused", changes: puts("a"), fail: refuseMore(0, rpctypes.ErrPermissionDenied), err: "etcdserver: permission denied"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := &fake{fail: tt.fail}
			var told []string
			c := &Committer{Fence: unfenced(f), Limits: tt.limits,
				Done: func(c Committed) { told = append(told, fmt.Sprintf("%d@%d", len(c.Changes), c.Revision)) }}
			err := c.Commit(t.Context(), tt.changes)
			if got := text(err); got != tt.err {
				t.Errorf("error %q, want %q", got, tt.err)
			}
			same(t, f.done, tt.want)
			var want []string
			for i, w := range tt.want {
				want = append(want, fmt.Sprintf("%d@%d", strings.Count(w, ",")+1, i+1))
			}
			same(t, told, want)
		})
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// What a server has said once is not tried again.
func TestCommitLearns(t *testing.T) {
	t.Parallel()
	tries := 0
	f := &fake{fail: func(ops []clientv3.Op) error {
		tries++
		if len(ops) > 2 {
			return rpctypes.ErrTooManyOps
		}
		return nil
	}}
	c := &Committer{Fence: unfenced(f), Limits: Limits{Ops: 5}}
	for range 2 {
		if err := c.Commit(t.Context(), puts("a", "b", "c", "d")); err != nil {
			t.Fatal(err)
		}
	}
	if tries != 5 { // 4 refused, 2, 2; then 2, 2
		t.Errorf("%d requests, want 5", tries)
	}
	if b := c.Batch(); !b.Add(puts("a", "b")...) || b.Add(put("c")) {
		t.Error("a new batch does not have the server's limit")
	}
}

// fakeLeases has lease 100+id for id, until that is gone: then 1000 more.
type fakeLeases struct {
	of   map[int64]int64
	gone [][]int64
	err  error
}

func (l *fakeLeases) Of(_ context.Context, id int64) (clientv3.LeaseID, error) {
	if l.of[id] == 0 {
		l.of[id] = 100 + id
	}
	return clientv3.LeaseID(l.of[id]), l.err
}

func (l *fakeLeases) Gone(_ context.Context, ids []int64) error {
	l.gone = append(l.gone, ids)
	for _, id := range ids {
		l.of[id] += 1000
	}
	return nil
}

func TestCommitLeases(t *testing.T) {
	t.Parallel()
	changes := []Change{Put([]byte("a"), []byte("1"), 1), put("b"), Put([]byte("c"), []byte("2"), 2)}
	notFound := func(until int64) func([]clientv3.Op) error {
		return func(ops []clientv3.Op) error {
			if leaseOf(ops[0]) < until {
				return rpctypes.ErrLeaseNotFound
			}
			return nil
		}
	}
	for _, tt := range []struct {
		name   string
		fail   func([]clientv3.Op) error
		leases *fakeLeases
		want   []string
		gone   int
		err    string
	}{
		{name: "there", leases: &fakeLeases{}, want: []string{"put a=1@101, put b=v, put c=2@102"}},
		{name: "gone", fail: notFound(2000), leases: &fakeLeases{}, want: []string{"put a=1@2101, put b=v, put c=2@2102"}, gone: 2},
		{name: "always gone", fail: notFound(1 << 40), leases: &fakeLeases{}, gone: leaseTries - 1, err: "etcdserver: requested lease not found"},
		{name: "not to be had", leases: &fakeLeases{err: errors.New("boom")}, err: "boom"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.leases.of = make(map[int64]int64)
			f := &fake{fail: tt.fail}
			c := &Committer{Fence: unfenced(f), Leases: tt.leases}
			if err := c.Commit(t.Context(), changes); text(err) != tt.err {
				t.Errorf("error %q, want %q", text(err), tt.err)
			}
			same(t, f.done, tt.want)
			if len(tt.leases.gone) != tt.gone {
				t.Errorf("said %d times that leases are gone, want %d", len(tt.leases.gone), tt.gone)
			}
			for _, ids := range tt.leases.gone {
				if !slices.Equal(ids, []int64{1, 2}) {
					t.Errorf("leases %v are said to be gone, want 1 and 2", ids)
				}
			}
		})
	}
}

func TestWriter(t *testing.T) {
	t.Parallel()
	f := &fake{}
	c := &Committer{Fence: unfenced(f), Limits: Limits{Ops: 3}}
	w := NewWriter(t.Context(), c, 1)
	for _, k := range []string{"a", "b", "c", "d", "e"} {
		if err := w.Add(put(k)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	same(t, f.done, []string{"put a=v, put b=v", "put c=v, put d=v", "put e=v"})
}

func TestWriterInFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{hold: make(chan struct{})}
		c := &Committer{Fence: unfenced(f), Limits: Limits{Ops: 1}}
		w := NewWriter(t.Context(), c, 3)
		added := 0
		go func() {
			for i := range 10 {
				if w.Add(put(fmt.Sprint(i))) != nil {
					return
				}
				added++
			}
		}()
		synctest.Wait()
		if f.underWay != 3 || added != 4 { // one more is the batch, the fifth waits
			t.Errorf("%d requests under way, %d changes added, want 3 and 4", f.underWay, added)
		}
		close(f.hold)
		synctest.Wait()
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if len(f.done) != 10 || f.most != 3 {
			t.Errorf("%d requests, at most %d at a time, want 10 and 3", len(f.done), f.most)
		}
	})
}

// An error stops the writer; Add and Close return it.
func TestWriterFails(t *testing.T) {
	t.Parallel()
	f := &fake{fail: func(ops []clientv3.Op) error {
		if string(ops[0].KeyBytes()) == "b" {
			return rpctypes.ErrNoSpace
		}
		return nil
	}}
	c := &Committer{Fence: unfenced(f), Limits: Limits{Ops: 1}}
	w := NewWriter(t.Context(), c, 1)
	var err error
	for i := 0; err == nil && i < 1000; i++ {
		err = w.Add(put(string(rune('a' + i))))
	}
	if !errors.Is(err, rpctypes.ErrNoSpace) {
		t.Errorf("Add: %v, want the error of the change before", err)
	}
	if err := w.Close(); !errors.Is(err, rpctypes.ErrNoSpace) {
		t.Errorf("Close: %v", err)
	}
	same(t, f.done, []string{"put a=v"})
}

// A writer whose context ends waits for the transactions under way and sends no
// more.
func TestWriterInterrupted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		boom := errors.New("interrupt")
		ctx, cancel := context.WithCancelCause(t.Context())
		f := &fake{hold: make(chan struct{})}
		c := &Committer{Fence: unfenced(f), Limits: Limits{Ops: 1}}
		w := NewWriter(ctx, c, 2)
		for _, k := range []string{"a", "b", "c"} {
			if err := w.Add(put(k)); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		cancel(boom)
		synctest.Wait()
		closed := make(chan error)
		go func() { closed <- w.Close() }()
		synctest.Wait()
		select {
		case err := <-closed:
			t.Errorf("closed with %v while a request is under way", err)
		default:
		}
		close(f.hold)
		if err := <-closed; !errors.Is(err, boom) {
			t.Errorf("closed with %v, want the cause", err)
		}
		slices.Sort(f.done)
		same(t, f.done, []string{"put a=v", "put b=v"})
	})
}
