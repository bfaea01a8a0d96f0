package mirror

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"

	"etcdkit/keyspace"
	"etcdkit/keyspace/bulk"
	"etcdkit/keyspace/retry"
)

// leasePair is the leases of a mirror between two servers.
type leasePair struct {
	source, dest *etcd
	*leases
	told []string
}

func newLeasePair(t *testing.T) *leasePair {
	t.Helper()
	p := &leasePair{source: newEtcd(t), dest: newEtcd(t)}
	p.leases = &leases{
		source: p.source.client(t), sourceRetry: &retry.Retrier{Timeout: time.Second},
		dest: p.dest.client(t), destRetry: &retry.Retrier{Timeout: time.Second},
		refused: func(err error) { p.told = append(p.told, err.Error()) },
	}
	return p
}

// of returns the counterpart of a lease and its time.
func (p *leasePair) of(t *testing.T, id int64) (int64, time.Duration) {
	t.Helper()
	got, err := p.Of(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return int64(got), p.dest.remaining(int64(got))
}

// remaining returns the time that a lease has left, 0 if it has ended.
func (e *etcd) remaining(id int64) time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.leases[id] == nil {
		return 0
	}
	return time.Until(e.leases[id].until)
}

// A lease has one counterpart, with the time that it has left itself.
func TestLeaseOf(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		granted int64
		passed  time.Duration
		want    time.Duration
	}{
		{"fresh", 600, 0, 600 * time.Second},
		{"a while ago", 600, 100 * time.Second, 600*time.Second - 100*time.Second + time.Second},
		{"and a part of a second", 600, 100500 * time.Millisecond, 500 * time.Second},
		{"about to end", 10, 9900 * time.Millisecond, time.Second},
		{"ended", 10, time.Minute, time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newLeasePair(t)
				id := p.source.grant(tt.granted)
				time.Sleep(tt.passed)
				first, left := p.of(t, id)
				if left != tt.want {
					t.Errorf("%v left, want %v", left, tt.want)
				}
				if again, _ := p.of(t, id); again != first {
					t.Errorf("a second counterpart")
				}
				if other, _ := p.of(t, p.source.grant(5)); other == first {
					t.Error("another lease has the same counterpart")
				}
			})
		})
	}
}

// The counterpart lives for as long as any client renews the lease, and ends
// soon after it.
func TestLeaseKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newLeasePair(t)
		id := p.source.grant(10)
		time.Sleep(7 * time.Second) // the counterpart gets little time
		other, _ := p.of(t, id)
		ctx, stop := context.WithCancel(t.Context())
		kept := make(chan struct{})
		go func() {
			defer close(kept)
			p.keep(ctx)
		}()
		for range 20 {
			p.source.renew(id)
			time.Sleep(3 * time.Second)
			if p.dest.remaining(other) == 0 {
				t.Fatal("the counterpart has ended")
			}
		}
		calls := p.dest.count("keepalive")
		time.Sleep(7 * time.Second) // the lease has ended
		if p.source.remaining(id) != 0 {
			t.Fatal("the lease has not ended")
		}
		time.Sleep(4 * time.Second)
		if left := p.dest.remaining(other); left != 0 {
			t.Errorf("the counterpart has %v left after the end of the lease", left)
		}
		if lost := p.takeLost(); lost != nil {
			t.Errorf("%v are said to be lost", lost)
		}
		if len(p.known) != 0 {
			t.Errorf("%d leases are remembered", len(p.known))
		}
		if calls < 10 || calls > 80 {
			t.Errorf("the counterpart was renewed %d times in a minute", calls)
		}
		stop()
		<-kept
	})
}

// A counterpart that has ended early is granted again, and its keys are
// rewritten.
func TestLeaseLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newLeasePair(t)
		id, still := p.source.grant(100), p.source.grant(100)
		other, _ := p.of(t, id)
		p.of(t, still)
		p.dest.end(other)
		time.Sleep(60 * time.Second)
		p.source.renew(id)
		p.source.renew(still)
		p.renewDue(t.Context())
		if lost := fmt.Sprint(p.takeLost()); lost != fmt.Sprintf("map[%d:true]", id) {
			t.Errorf("lost: %s", lost)
		}
		if again, _ := p.of(t, id); again == other {
			t.Error("the ended counterpart is still used")
		}

		other, _ = p.of(t, id)
		p.dest.end(other)
		if err := p.Gone(t.Context(), []int64{still, id}); err != nil {
			t.Fatal(err)
		}
		if lost := fmt.Sprint(p.takeLost()); lost != fmt.Sprintf("map[%d:true]", id) {
			t.Errorf("lost: %s", lost)
		}
		if lost := p.takeLost(); lost != nil {
			t.Errorf("lost a second time: %v", lost)
		}
	})
}

// Without the permission for leases, keys are written without them.
func TestLeaseRefused(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"ttl", "grant"} {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newLeasePair(t)
				refuse := func(asked string) error {
					if asked == op {
						return rpctypes.ErrGRPCPermissionDenied
					}
					return nil
				}
				p.source.before, p.dest.before = refuse, refuse
				for range 2 {
					if got, _ := p.of(t, p.source.grant(100)); got != 0 {
						t.Errorf("lease %d", got)
					}
				}
				same(t, "told", p.told, []string{"etcdserver: permission denied"})
				if n := p.source.count("ttl"); n != 1 {
					t.Errorf("asked %d times", n)
				}
			})
		})
	}
}

// Keys keep their leases, one for each, also when one ends at the destination
// in the middle of the copy.
func TestCopyLeases(t *testing.T) {
	t.Parallel()
	for _, ends := range []bool{false, true} {
		t.Run(fmt.Sprintf("ends early %v", ends), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPair(t)
				one, two := p.source.grant(100), p.source.grant(200)
				p.source.txnWithLease(one, "/a/1=x", "/a/2=y", "/other=z")
				p.source.txnWithLease(two, "/a/3=x")
				p.source.txn("/a/4=none")
				p.dest.before = func(string) error {
					if ends && p.dest.count("write") == 3 {
						p.dest.end(1001) // the first that was made
					}
					return nil
				}
				p.mirror(t, Options{Prefix: "/a/", DestPrefix: "/b/", Once: true, Limits: bulk.Limits{Ops: 1}})
				if err := p.copyOneByOne(t); err != nil {
					t.Fatal(err)
				}
				same(t, "destination", p.dest.state(), []string{"/b/1=x@", "/b/2=y@", "/b/3=x@", "/b/4=none"})
				grants := 3 // the fence has one
				if ends {
					grants = 4
				}
				if n := p.dest.count("grant"); n != grants {
					t.Errorf("%d leases were made, want %d", n, grants)
				}
				same(t, "notes", p.said(), nil)
			})
		})
	}
}

// copyOneByOne is copyAll without transactions side by side, so that it is
// known which comes when.
func (p *pair) copyOneByOne(t *testing.T) error {
	t.Helper()
	keys := prefixSpan(p.Prefix)
	source := p.parts(t.Context(), p.Mirror.source, p.sourceRetry, keyspace.Range{Key: keys.key, End: keys.end})
	w := bulk.NewWriter(t.Context(), p.commits, 1)
	if err := p.copyParts(w, source, &extras{}, 0); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return p.rewriteLost(t.Context())
}

// A lease that follows keys may have others that are not mirrored, and keys that
// have got another one since.
func TestRewriteLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		id := p.source.grant(100)
		p.source.txnWithLease(id, "/a/1=x", "/other=z")
		p.mirror(t, Options{Prefix: "/a/", DestPrefix: "/a/"})
		p.leases.lose(id)
		p.leases.lose(4711) // has ended
		if err := p.rewriteLost(t.Context()); err != nil {
			t.Fatal(err)
		}
		same(t, "destination", p.dest.state(), []string{"/a/1=x@"})

		p.source.before = func(op string) error {
			if op == "keys" {
				return rpctypes.ErrGRPCPermissionDenied
			}
			return nil
		}
		p.leases.lose(id)
		if err := p.rewriteLost(t.Context()); err != nil {
			t.Fatal(err)
		}
		same(t, "notes", p.said(), []string{fmt.Sprintf("Keys of lease %016x may be missing at the destination: etcdserver: permission denied: at the source", id)})
	})
}
