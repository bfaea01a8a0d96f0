package live

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"

	"etcdkit/keyspace"
)

// Over a slow link, of which a usual page takes longer than a request may, the
// range comes in smaller ones.
func TestSlowLink(t *testing.T) {
	t.Parallel()
	for _, streams := range []bool{false, true} {
		for _, chunk := range []int{10, 500} { // the larger one takes too long
			t.Run(fmt.Sprintf("streams %v of %d", streams, chunk), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					keys := numbered("k", 1000)
					f := newFake()
					f.put(func(int) []byte { return make([]byte, 93) }, keys...)
					f.streams, f.chunk = streams, chunk
					f.rate = 2000 // 20 keys in a second
					r := f.readerInside(t)
					r.Timeout = 2 * time.Second
					r.sizes.firstKeys, r.sizes.pageBytes, r.sizes.holdBytes = 500, 20_000, 20_000
					g := keyspace.Range{Key: "k", End: "l"}
					start := time.Now()
					got, err := read(t.Context(), r, g)
					if err != nil {
						t.Fatal(err)
					}
					same(t, got, f.whole(t, g))
					const carried = 50 * time.Second // by the link alone
					if took := time.Since(start); took > carried*3/2 {
						t.Errorf("took %v", took)
					}
				})
			})
		}
	}
}

// A read fails when a single key does not arrive in time, or when a slow link
// stops.
func TestTooSlow(t *testing.T) {
	t.Parallel()
	for _, streams := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(numbered("k", 100)...)
			f.put(func(int) []byte { return make([]byte, 50_000) }, "k000050")
			f.streams, f.rate = streams, 5000
			r := f.readerInside(t)
			r.Timeout = 2 * time.Second
			start := time.Now()
			_, err := read(t.Context(), r, keyspace.Range{Key: "k", End: "l"})
			broken := (*keyspace.Broken)(nil)
			if !errors.As(err, &broken) || broken.Last != "k000049" || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("streams %v: %v", streams, err)
			}
			if took := time.Since(start); took > time.Minute {
				t.Errorf("streams %v: took %v", streams, took)
			}
		})
	}
}

// A stream that breaks after it has delivered for longer than a cluster may be
// unreachable is resumed.
func TestLongStreamBreaks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(numbered("k", 1000)...)
		f.streams = true
		broken := false
		f.between = func(n int, _ grpc.ServerStream, r *pb.RangeRequest) error {
			if time.Sleep(time.Second); n == 50 && r.Revision > 0 && !broken {
				broken = true
				return errGone
			}
			return nil
		}
		r := f.readerInside(t)
		r.Timeout = 2 * time.Second
		g := keyspace.Range{Key: "k", End: "l"}
		got, err := read(t.Context(), r, g)
		if err != nil || !broken {
			t.Fatal(err, broken)
		}
		same(t, got, f.whole(t, g))
	})
}
