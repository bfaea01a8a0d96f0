package fence

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/keyspace/fence/fencekey"
	"etcdkit/keyspace/fence/fencetest"
	"etcdkit/keyspace/retry"
)

// begin returns a fence on the store, with a retrier that keeps retrying.
func begin(s *fencetest.Store) *Fence {
	f := &Fence{KV: s, Leases: s, Retry: &retry.Retrier{Timeout: time.Second, Patience: time.Minute}}
	f.Retry.Succeeded()
	return f
}

// about returns a fate that concerns the transactions with a put of a key.
func about(key string, fate func(n int) (fencetest.Fate, error)) func(clientv3.Op) (fencetest.Fate, error) {
	n := 0
	return func(op clientv3.Op) (fencetest.Fate, error) {
		ops := []clientv3.Op{op}
		if op.IsTxn() {
			_, ops, _ = op.Txn()
		}
		if !slices.ContainsFunc(ops, func(op clientv3.Op) bool { return op.IsPut() && string(op.KeyBytes()) == key }) {
			return fencetest.Answer, nil
		}
		n++
		return fate(n)
	}
}

func state(s *fencetest.Store) string {
	var all []string
	for _, kv := range s.Keys() {
		text := string(kv.GetKey())
		if fencekey.Is(kv) {
			text = "fence"
		}
		all = append(all, text+"="+string(kv.GetValue()))
	}
	return strings.Join(all, " ")
}

func TestWrite(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &fencetest.Store{}
		f := begin(s)
		for i := range 2 {
			r, err := f.Write(t.Context(), []byte("a"), clientv3.OpPut("a", fmt.Sprint(i)), clientv3.OpDelete("b"))
			if err != nil || len(r.Responses) != 2 || r.Revision != s.Rev() || !r.Fenced {
				t.Errorf("%+v, %v at revision %d", r, err, s.Rev())
			}
		}
		if got := state(s); got != "a=1 fence=2" {
			t.Errorf("under way: %s", got)
		}
		time.Sleep(time.Hour) // renewals do not fail
		f.Close(t.Context())
		if got := state(s); got != "a=1" {
			t.Errorf("in the end: %s", got)
		}
	})
}

// A copy of a request that is applied after the run has ended changes nothing,
// whatever others have done with the keys, and none is applied twice.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	for _, fate := range []fencetest.Fate{fencetest.Lose, fencetest.Hold} {
		for _, later := range []string{"put", "delete", "nothing"} {
			t.Run(fmt.Sprint(fate, " ", later), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := &fencetest.Store{}
					s.Fate = about("a", func(n int) (fencetest.Fate, error) {
						if n <= 2 {
							return fate, nil
						}
						return fencetest.Answer, nil
					})
					f := begin(s)
					for _, value := range []string{"1", "2"} {
						if _, err := f.Write(t.Context(), []byte("a"), clientv3.OpPut("a", value)); err != nil {
							t.Fatal(err)
						}
					}
					if kv := s.Keys()[0]; string(kv.GetValue()) != "2" || kv.GetVersion() != 2 {
						t.Errorf("a=%s was written %d times, want 2=2", kv.GetValue(), kv.GetVersion())
					}
					f.Close(t.Context())
					want := "a=2"
					switch later {
					case "put":
						s.Put("a", "theirs")
						want = "a=theirs"
					case "delete":
						s.Delete("a")
						want = ""
					}
					s.Release()
					if got := state(s); got != want {
						t.Errorf("%q in the end, want %q", got, want)
					}
				})
			})
		}
	}
}

// The fence's own requests are lost and late as well.
func TestEverythingLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, n := &fencetest.Store{}, 0
		s.Fate = func(clientv3.Op) (fencetest.Fate, error) {
			n++
			return fencetest.Fate(n * 7 % 3), nil
		}
		f := begin(s)
		var want []string
		for i := range 50 {
			key := fmt.Sprintf("k%02d", i)
			if _, err := f.Write(t.Context(), []byte(key), clientv3.OpPut(key, "ours")); err != nil {
				t.Fatal(err)
			}
			if i%3 == 0 {
				s.Release()
			}
			want = append(want, key+"=ours")
		}
		f.Close(t.Context())
		for _, kv := range s.Keys() {
			if kv.GetVersion() != 1 {
				t.Errorf("%s was written %d times", kv.GetKey(), kv.GetVersion())
			}
		}
		s.Release()
		if got := state(s); got != strings.Join(want, " ") {
			t.Errorf("in the end: %s", got)
		}
	})
}

// A fence that has expired is replaced. If an answer was outstanding, the
// caller learns that it is unknown whether the transaction was applied, and
// that it can no longer be.
func TestExpired(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &fencetest.Store{}
		f := begin(s)
		write := func(value string) error {
			_, err := f.Write(t.Context(), []byte("a"), clientv3.OpPut("a", value))
			return err
		}
		if err := write("1"); err != nil {
			t.Fatal(err)
		}
		s.Expire()
		if err := write("2"); err != nil || state(s) != "a=2 fence=3" {
			t.Errorf("after the end of the lease: %v, %s", err, state(s))
		}
		s.Fate = about("a", func(int) (fencetest.Fate, error) { return fencetest.Hold, nil })
		outcome := make(chan error, 1)
		go func() { outcome <- write("3") }()
		synctest.Wait()
		s.Expire()
		err := <-outcome
		unknown := (*Unknown)(nil)
		if !errors.As(err, &unknown) || !unknown.Over || unknown.Since == 0 {
			t.Errorf("%v, want an unknown one that is over", err)
		}
		s.Fate = nil
		if err := write("4"); err != nil {
			t.Error(err)
		}
		s.Release()
		f.Close(t.Context())
		if got := state(s); got != "a=4" {
			t.Errorf("in the end: %s", got)
		}
	})
}

// Without the permissions a request is sent once.
func TestDenied(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, sent := &fencetest.Store{}, 0
		s.Fate = func(op clientv3.Op) (fencetest.Fate, error) {
			if cmps, _, _ := op.Txn(); len(cmps) > 0 {
				return 0, rpctypes.ErrPermissionDenied
			}
			if sent++; sent == mostPlaces+2 {
				return fencetest.Lose, nil
			}
			return fencetest.Answer, nil
		}
		f := begin(s)
		for i := range mostPlaces + 1 {
			if r, err := f.Write(t.Context(), []byte("a"), clientv3.OpPut("a", fmt.Sprint(i))); err != nil || r.Fenced || len(r.Responses) != 1 {
				t.Errorf("%+v, %v", r, err)
			}
		}
		_, err := f.Write(t.Context(), []byte("a"), clientv3.OpPut("a", "lost"))
		unknown := (*Unknown)(nil)
		if !errors.As(err, &unknown) || unknown.Over || sent != mostPlaces+2 {
			t.Errorf("%v after %d requests, want an unknown one", err, sent)
		}
		f.Close(t.Context())
	})
}

func TestGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &fencetest.Store{}
		f := begin(s)
		if _, err := f.Write(t.Context(), []byte("a"), clientv3.OpPut("a", "1")); err != nil {
			t.Fatal(err)
		}
		s.Fate = func(clientv3.Op) (fencetest.Fate, error) { return fencetest.Hold, nil }
		_, err := f.Write(t.Context(), []byte("a"), clientv3.OpPut("a", "2"))
		if unknown := (*Unknown)(nil); !errors.As(err, &unknown) || unknown.Over || !errors.Is(err, rpctypes.ErrTimeout) {
			t.Errorf("%v, want an unknown one", err)
		}
		f.Close(t.Context())
	})
}

// Lanes do not disturb each other.
func TestLanes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, mu, n := &fencetest.Store{}, sync.Mutex{}, 0
		s.Fate = func(clientv3.Op) (fencetest.Fate, error) {
			mu.Lock()
			defer mu.Unlock()
			n++
			return fencetest.Fate(n % 5), nil // 3 and 4 are answers
		}
		f := begin(s)
		var all sync.WaitGroup
		for lane := range 8 {
			all.Go(func() {
				for i := range 20 {
					key := fmt.Sprintf("k%d-%02d", lane, i)
					if _, err := f.Write(t.Context(), []byte(key), clientv3.OpPut(key, "v")); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		f.Close(t.Context())
		s.Release()
		kvs := s.Keys()
		if len(kvs) != 160 || slices.ContainsFunc(kvs, func(kv *mvccpb.KeyValue) bool { return kv.GetVersion() != 1 }) {
			t.Errorf("%d keys, want 160 that were written once", len(kvs))
		}
	})
}
