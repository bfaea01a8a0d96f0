package live

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"etcdkit/keyspace"
	"etcdkit/keyspace/retry"
)

// numbered are n keys that count.
func numbered(prefix string, n int) (keys []string) {
	for i := range n {
		keys = append(keys, fmt.Sprintf("%s%06d", prefix, i))
	}
	return keys
}

// oddKeys are keys of all kinds, dense and far between.
func oddKeys(r *rand.Rand, n int) (keys []string) {
	for i := range n {
		switch r.IntN(7) {
		case 0:
			keys = append(keys, fmt.Sprintf("/hex/%016x", r.Uint64()))
		case 1:
			b := make([]byte, 1+r.IntN(9))
			for j := range b {
				b[j] = byte(r.UintN(256))
			}
			keys = append(keys, string(b))
		case 2:
			keys = append(keys, strings.Repeat("/a-long-common-prefix", 20)+fmt.Sprint(i))
		case 3:
			keys = append(keys, fmt.Sprintf("/dense/%05d", i))
		case 4:
			keys = append(keys, "\xff\xff\xff"+string([]byte{byte(i)}))
		case 5:
			keys = append(keys, fmt.Sprintf("/ns-%d/pod-%x", r.IntN(9), r.Uint32()))
		default:
			keys = append(keys, strings.Repeat("a", 1+r.IntN(60)))
		}
	}
	return keys
}

// Whatever the keys and the limit, the parts are the one answer.
func TestPagesAreTheAnswer(t *testing.T) {
	t.Parallel()
	for _, streams := range []bool{false, true} {
		t.Run(fmt.Sprint("streams ", streams), func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(5) {
				rnd := rand.New(rand.NewPCG(seed, 1))
				keys := oddKeys(rnd, rnd.IntN(3000))
				f := newFake(keys...)
				f.streams = streams
				r := f.reader(t)
				r.sizes.firstKeys = 1 + rnd.Int64N(50)
				r.sizes.underWay = 1 + rnd.IntN(4)
				for _, g := range []keyspace.Range{
					{Key: "\x00", End: "\x00"}, {Key: "/", End: "0"}, {Key: "/dense/", End: "\x00", KeysOnly: true}, {Key: "b", End: "a"}, {Key: "zz", End: "zzz"},
				} {
					for _, limit := range []int64{0, 1, r.sizes.firstKeys, 1 + rnd.Int64N(3000)} {
						g.Limit = limit
						got, err := read(t.Context(), r, g)
						if err != nil {
							t.Fatal(err)
						}
						same(t, got, f.whole(t, g))
						if t.Failed() {
							t.Fatalf("seed %d, %+v", seed, g)
						}
					}
				}
			}
		})
	}
}

func TestSmallRangeIsOneRequest(t *testing.T) {
	t.Parallel()
	for _, streams := range []bool{false, true} {
		f := newFake(numbered("k", 15)...)
		f.streams = streams
		if _, err := read(t.Context(), f.reader(t), keyspace.Range{Key: "k", End: "l"}); err != nil {
			t.Fatal(err)
		}
		if len(f.asked) != 1 {
			t.Errorf("streams %v: asked %v", streams, f.asked)
		}
	}
}

// A member counts the whole range for the first page, and hardly a key twice
// after that; for keys in many places far apart, no more than there is a bound
// for.
func TestCountsStayLinear(t *testing.T) {
	t.Parallel()
	clusters := numbered("/a/", 5000)
	for i := range 40 {
		clusters = append(clusters, numbered(fmt.Sprintf("/b/%d-%x/", i, i*7919), 100)...)
	}
	clusters = append(clusters, numbered("/z/far/away/from/the/others/", 5000)...)
	hex := make([]string, 10_000)
	for i := range hex {
		hex[i] = fmt.Sprintf("%016x", rand.New(rand.NewPCG(7, uint64(i))).Uint64())
	}
	for name, c := range map[string]struct {
		keys            []string
		counts, perPage int // of each key, of each page
	}{
		"numbered": {numbered("/registry/", 20_000), 2, 2},
		"hex":      {hex, 4, 2},
		"clusters": {clusters, 3 + maxWaste, 6},
	} {
		t.Run(name, func(t *testing.T) {
			keys := c.keys
			t.Parallel()
			f := newFake(keys...)
			got, err := read(t.Context(), f.reader(t), keyspace.Range{Key: "\x00", End: "\x00"})
			if err != nil {
				t.Fatal(err)
			}
			same(t, got, f.whole(t, keyspace.Range{Key: "\x00", End: "\x00"}))
			const pageKeys = 25
			if f.counted > c.counts*len(keys) || len(f.asked) > c.perPage*len(keys)/pageKeys {
				t.Errorf("%d keys: %d requests, %d counted", len(keys), len(f.asked), f.counted)
			}
		})
	}
}

// What happens to the range while it is read is not seen.
func TestChangesInMidRead(t *testing.T) {
	t.Parallel()
	for _, streams := range []bool{false, true} {
		f := newFake(numbered("k", 2000)...)
		f.streams = streams
		g := keyspace.Range{Key: "k", End: "l"}
		want := f.whole(t, g)
		changed := 0
		change := func() {
			changed++
			f.del(fmt.Sprintf("k%06d", 2000-changed))
			f.put(func(int) []byte { return []byte("new") }, fmt.Sprintf("k%06d+", 1000+changed), "k001500")
		}
		i := 0
		var got pb.RangeResponse
		for page, err := range f.reader(t).Pages(t.Context(), g) {
			if err != nil {
				t.Fatal(err)
			}
			if i++; i < 9 {
				change()
			}
			got.Header = &pb.ResponseHeader{ClusterId: page.Head.ClusterID, MemberId: page.Head.MemberID, Revision: page.Head.Revision, RaftTerm: page.Head.RaftTerm}
			got.Count, got.Kvs = page.Count, append(got.Kvs, page.KVs...)
		}
		if i < 9 {
			t.Errorf("streams %v: %d pages only", streams, i)
		}
		same(t, &got, want)
	}
}

func TestCompactedInMidRead(t *testing.T) {
	t.Parallel()
	f := newFake(numbered("k", 2000)...)
	f.before = func(n int, _ *pb.RangeRequest) error {
		if n > 6 {
			f.mu.Lock()
			f.compacted = f.rev + 1
			f.mu.Unlock()
		}
		return nil
	}
	got, err := read(t.Context(), f.reader(t), keyspace.Range{Key: "k", End: "l", Rev: 2})
	broken := (*keyspace.Broken)(nil)
	if !errors.As(err, &broken) || !errors.Is(err, rpctypes.ErrCompacted) {
		t.Fatal(err)
	}
	last := string(got.Kvs[len(got.Kvs)-1].Key)
	if want := (keyspace.Broken{Last: last, Rev: 2, Err: broken.Err}); *broken != want {
		t.Errorf("got %+v, want %+v", *broken, want)
	}
	if want := fmt.Sprintf("etcdserver: mvcc: required revision has been compacted; all keys up to %q at revision 2 were read", last); err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	for i, kv := range got.Kvs {
		if want := fmt.Sprintf("k%06d", i); string(kv.Key) != want {
			t.Fatalf("key %d is %s", i, kv.Key)
		}
	}
}

// Each kind of failure in the middle is overcome, at the same revision.
func TestFailuresInMidRead(t *testing.T) {
	t.Parallel()
	for _, streams := range []bool{false, true} {
		for _, failure := range []error{
			status.Error(codes.Unavailable, "error reading from server: EOF"), rpctypes.ErrGRPCNoLeader, rpctypes.ErrGRPCLeaderChanged,
			rpctypes.ErrGRPCTimeoutDueToLeaderFail, rpctypes.ErrGRPCFutureRev,
		} {
			t.Run(fmt.Sprint(streams, status.Convert(failure).Message()), func(t *testing.T) {
				t.Parallel()
				f := newFake(numbered("k", 1000)...)
				f.streams = streams
				var failed atomic.Int32
				f.before = func(n int, _ *pb.RangeRequest) error {
					if n > 3 && !streams && failed.Add(1) <= 2 {
						return failure
					}
					return nil
				}
				f.between = func(n int, _ grpc.ServerStream, r *pb.RangeRequest) error {
					if r.Revision > 0 && n == 20 && failed.Add(1) <= 3 {
						f.put(func(int) []byte { return nil }, "later")
						return failure
					}
					return nil
				}
				g := keyspace.Range{Key: "k", End: "l", Limit: 900}
				want := f.whole(t, g)
				got, err := read(t.Context(), f.reader(t), g)
				if n := failed.Load(); err != nil || n < 2 {
					t.Fatal(n, err)
				}
				same(t, got, want)
				again := func(r *pb.RangeRequest) bool { return r.Serializable && r.Revision == 2 }
				if streams && !slices.ContainsFunc(f.asked, again) { // clientv3 repeats the others
					t.Errorf("asked %v", f.asked)
				}
			})
		}
	}
}

var errGone = status.Error(codes.Unavailable, "gone")

// A read of a cluster that stays unreachable fails, and reports the pairs read
// so far.
func TestLostInMidRead(t *testing.T) {
	t.Parallel()
	for _, streams := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(numbered("k", 1000)...)
			f.streams = streams
			f.before = func(n int, r *pb.RangeRequest) error {
				if n > 4 || streams && r.Revision > 0 && n > 2 {
					return errGone
				}
				return nil
			}
			f.between = func(n int, _ grpc.ServerStream, r *pb.RangeRequest) error {
				if r.Revision > 0 && n == 20 {
					return errGone
				}
				return nil
			}
			r := f.readerInside(t)
			r.Timeout = 100 * time.Millisecond
			got, err := read(t.Context(), r, keyspace.Range{Key: "k", End: "l"})
			broken := (*keyspace.Broken)(nil)
			if !errors.As(err, &broken) || len(got.GetKvs()) == 0 || broken.Last != string(got.Kvs[len(got.Kvs)-1].Key) {
				t.Errorf("streams %v: %d keys, %v", streams, len(got.GetKvs()), err)
			}
		})
	}
}

// A member that is silent is asked once, within one timeout, and the error has
// its cause.
func TestSilent(t *testing.T) {
	t.Parallel()
	for _, streams := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(numbered("k", 1000)...)
			f.streams = streams
			ended := make(chan struct{})
			defer close(ended)
			var asked atomic.Int32
			f.before = func(int, *pb.RangeRequest) error { asked.Add(1); <-ended; return nil }
			r := f.readerInside(t)
			r.Timeout = 100 * time.Millisecond
			r.Explain = func(err error) error { return fmt.Errorf("%w: here", err) }
			_, err := read(t.Context(), r, keyspace.Range{Key: "k", End: "l"})
			if !errors.Is(err, context.DeadlineExceeded) || err.Error() != "context deadline exceeded: here" || asked.Load() != 1 {
				t.Errorf("streams %v: %v after %d requests", streams, err, asked.Load())
			}
		})
	}
}

// If no endpoint can be reached, the read waits until one may be.
func TestUnreachable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		refused := func(context.Context, string) (net.Conn, error) { return nil, syscall.ECONNREFUSED }
		c, err := clientv3.New(clientv3.Config{
			Endpoints: []string{"http://fake"}, Logger: zap.NewNop(), Context: context.WithoutCancel(t.Context()), DialOptions: []grpc.DialOption{grpc.WithContextDialer(refused)},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		start := time.Now()
		_, err = read(t.Context(), &Source{Client: c, Timeout: 5 * time.Second}, keyspace.Range{Key: "k", End: "l"})
		if took := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || took != 5*time.Second {
			t.Error(err, took)
		}
	})
}

// An error before the first part is the server's own error, unchanged.
func TestRefused(t *testing.T) {
	t.Parallel()
	for _, streams := range []bool{false, true} {
		f := newFake(numbered("k", 1000)...)
		f.streams = streams
		f.before = func(int, *pb.RangeRequest) error { return rpctypes.ErrGRPCPermissionDenied }
		got, err := read(t.Context(), f.reader(t), keyspace.Range{Key: "k", End: "l"})
		if got != nil || err != rpctypes.ErrPermissionDenied { //nolint:errorlint // it is to be that very error
			t.Errorf("streams %v: %v, %v", streams, got, err)
		}
	}
}

// The time that the caller takes for a part is not the server's.
func TestSlowCaller(t *testing.T) {
	t.Parallel()
	for _, streams := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(numbered("k", 400)...)
			f.streams = streams
			r := f.readerInside(t)
			r.Timeout = 200 * time.Millisecond
			n := 0
			for page, err := range r.Pages(t.Context(), keyspace.Range{Key: "k", End: "l"}) {
				if err != nil {
					t.Fatal(err)
				}
				if n == 0 {
					time.Sleep(3 * r.Timeout)
				}
				n += len(page.KVs)
			}
			if n != 400 {
				t.Errorf("streams %v: %d keys", streams, n)
			}
		})
	}
}

func TestCanceled(t *testing.T) {
	t.Parallel()
	for _, streams := range []bool{false, true} {
		f := newFake(numbered("k", 4000)...)
		f.streams = streams
		ctx, cancel := context.WithCancelCause(t.Context())
		cause := errors.New("interrupted")
		var last error
		for _, err := range f.reader(t).Pages(ctx, keyspace.Range{Key: "k", End: "l"}) {
			cancel(cause)
			last = err
		}
		cancel(nil)
		if last != cause { //nolint:errorlint // it is to be that very error
			t.Errorf("streams %v: %v", streams, last)
		}
	}
}

// A caller that stops early leaves nothing running.
func TestBreak(t *testing.T) {
	t.Parallel()
	f := newFake(numbered("k", 4000)...)
	f.streams = true
	gone := make(chan struct{})
	f.between = func(n int, s grpc.ServerStream, r *pb.RangeRequest) error {
		switch {
		case r.Revision == 0:
		case n == 0: // the caller may leave at any part after it
			context.AfterFunc(s.Context(), func() { close(gone) })
		case n == 50:
			<-s.Context().Done()
		}
		return nil
	}
	for range f.reader(t).Pages(t.Context(), keyspace.Range{Key: "k", End: "l"}) {
		break
	}
	select {
	case <-gone:
	case <-t.Context().Done():
	}
}

// An answer that is too large is asked for in parts.
func TestTooLarge(t *testing.T) {
	t.Parallel()
	keys := numbered("k", 300)
	for _, streams := range []bool{false, true} {
		f := newFake(keys...)
		f.streams = streams
		f.put(func(i int) []byte { return make([]byte, i*100) }, keys...)
		g := keyspace.Range{Key: "k", End: "l"}
		r := f.reader(t)
		r.sizes.recvBytes = 100_000
		got, err := read(t.Context(), r, g)
		if err != nil {
			t.Fatal(err)
		}
		same(t, got, f.whole(t, g))

		r.MaxRecvBytes = 20_000
		got, err = read(t.Context(), r, g)
		if len(got.GetKvs()) < 150 || !retry.MessageTooLarge(errors.Unwrap(err)) {
			t.Errorf("streams %v: %d keys, %v", streams, len(got.GetKvs()), err)
		}
	}
}

// A learner has no stream for a range that it may answer.
func TestLearner(t *testing.T) {
	t.Parallel()
	f := newFake(numbered("k", 100)...)
	f.streams = true
	f.before = func(_ int, r *pb.RangeRequest) error {
		if r.Limit == 0 {
			return rpctypes.ErrGRPCNotSupportedForLearner
		}
		return nil
	}
	g := keyspace.Range{Key: "k", End: "l", Serializable: true}
	got, err := read(t.Context(), f.reader(t), g)
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, f.whole(t, g))
	if slices.ContainsFunc(f.asked, func(r *pb.RangeRequest) bool { return !r.Serializable }) {
		t.Errorf("asked %v", f.asked)
	}
}

// With a Retry no failure of the first requests is final, and the parts are the
// one answer all the same.
func TestRetry(t *testing.T) {
	t.Parallel()
	for _, streams := range []bool{false, true} {
		for _, n := range []int{0, 1, 15, 1000} {
			f := newFake(numbered("k", n)...)
			f.streams = streams
			failed := 0
			f.before = func(int, *pb.RangeRequest) error {
				if failed++; failed%2 == 1 && failed < 6 {
					return rpctypes.ErrGRPCNoLeader
				}
				return nil
			}
			r := f.reader(t)
			r.sizes.underWay = 1
			outages, over := 0, 0
			r.Retry = &retry.Retrier{Timeout: time.Minute, Report: func(err error) {
				if err == nil {
					over++
				} else {
					outages++
				}
			}}
			g := keyspace.Range{Key: "k", End: "l"}
			want := f.whole(t, g)
			got, err := read(t.Context(), r, g)
			if err != nil {
				t.Fatal(err)
			}
			same(t, got, want)
			if streams && outages == 0 || outages != over { // clientv3 repeats the others
				t.Errorf("streams %v, %d keys: %d outages reported, %d ended", streams, n, outages, over)
			}
		}
	}
}

// An error that Retry returns is passed on, explained once.
func TestRetryGivesUp(t *testing.T) {
	t.Parallel()
	for _, streams := range []bool{false, true} {
		f := newFake(numbered("k", 100)...)
		f.streams = streams
		f.before = func(int, *pb.RangeRequest) error { return rpctypes.ErrGRPCPermissionDenied }
		r := f.reader(t)
		r.Retry = &retry.Retrier{Timeout: time.Minute, Explain: func(err error) error { return fmt.Errorf("%w: here", err) }}
		_, err := read(t.Context(), r, keyspace.Range{Key: "k", End: "l"})
		if want := "etcdserver: permission denied: here"; err == nil || err.Error() != want {
			t.Errorf("streams %v: %v, want %s", streams, err, want)
		}
	}
}

// Broken: get failed with "compacted" under hard compaction, in 15 to 30 of 100
// runs. As long as nothing is handed out, the range is read again, at a newer
// revision and by one request.
func TestCompactedBeforeAnythingIsHandedOut(t *testing.T) {
	t.Parallel()
	for _, streams := range []bool{false, true} {
		f := newFake(numbered("k", 2000)...)
		f.streams = streams
		var writing sync.Mutex
		ended := false
		f.before = func(n int, r *pb.RangeRequest) error {
			writing.Lock()
			defer writing.Unlock()
			if !ended && r.Revision > 0 && n < 8 { // a read begun at a revision ends in a compaction
				f.put(func(int) []byte { return []byte("new") }, "k000001")
				f.mu.Lock()
				f.compacted = f.rev
				f.mu.Unlock()
			}
			return nil
		}
		got, err := read(t.Context(), f.reader(t), keyspace.Range{Key: "k", End: "l"})
		if err != nil {
			t.Fatal(streams, err)
		}
		writing.Lock()
		ended = true
		writing.Unlock()
		want := f.whole(t, keyspace.Range{Key: "k", End: "l"})
		if want.GetHeader().GetRevision() > got.GetHeader().GetRevision() {
			want = got // a request that the read had given up came late, and wrote once more
		}
		if same(t, got, want); len(got.GetKvs()) != 2000 || string(got.GetKvs()[1].GetValue()) != "new" {
			t.Errorf("%d keys", len(got.GetKvs()))
		}
	}
}
