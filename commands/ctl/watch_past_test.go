package ctl

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// What a watch is far behind is read by several, as long as that is of use, and the watch goes on after it.
func TestLastingWatchPast(t *testing.T) {
	t.Parallel()
	created := func(rev int64) clientv3.WatchResponse {
		return clientv3.WatchResponse{Header: &pb.ResponseHeader{Revision: rev}, Created: true}
	}
	for _, tt := range []struct {
		name    string
		watches [][]clientv3.WatchResponse
		past    [][]int64 // the revisions that are read each time
		useless bool      // the readings are
		got     string
		begun   []int64 // the revision of each watch
		read    []int64 // and of each reading
	}{
		{
			name: "far behind", watches: [][]clientv3.WatchResponse{{created(5000)}, {created(5001), events(4500)}},
			past: [][]int64{{7, 4000}}, got: "[7 4000 4500]", begun: []int64{2, 4001}, read: []int64{2},
		},
		{
			name: "behind again", watches: [][]clientv3.WatchResponse{{created(5000)}, {created(9000)}, {events(9001)}},
			past: [][]int64{{5000}, {8000}}, got: "[5000 8000 9001]", begun: []int64{2, 5001, 8001}, read: []int64{2, 5001},
		},
		{
			name: "of no use", watches: [][]clientv3.WatchResponse{{created(5000)}, {created(5000), events(3, 4)}}, useless: true,
			past: [][]int64{{}}, got: "[3 4]", begun: []int64{2, 2}, read: []int64{2},
		},
		{name: "near", watches: [][]clientv3.WatchResponse{{created(2001), events(3)}}, got: "[3]", begun: []int64{2}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var begun, read []int64
			l := &lastingWatch{next: 2, watch: sequence(tt.watches, &begun)}
			l.past = func(_ context.Context, from, _ int64, out func(*pb.WatchResponse) error) (int64, bool) {
				next := from
				for _, rev := range tt.past[len(read)] {
					resp := events(rev)
					if err := out(&pb.WatchResponse{Header: resp.Header, Events: resp.Events}); err != nil {
						t.Error(err)
					}
					next = rev + 1
				}
				read = append(read, from)
				return next, !tt.useless
			}
			got := []int64{}
			for resp := range l.run(t.Context()) {
				for _, e := range resp.Events {
					got = append(got, e.Kv.GetModRevision())
				}
			}
			if fmt.Sprint(got) != tt.got || !slices.Equal(begun, tt.begun) || !slices.Equal(read, tt.read) {
				t.Errorf("got %v of watches from %v and readings from %v", got, begun, read)
			}
		})
	}
}

// sequence begins one watch after the other, each with the next responses, and notes their revisions.
func sequence(watches [][]clientv3.WatchResponse, begun *[]int64) func(context.Context, ...clientv3.OpOption) clientv3.WatchChan {
	return func(_ context.Context, opts ...clientv3.OpOption) clientv3.WatchChan {
		responses := make(chan clientv3.WatchResponse, 10)
		for _, resp := range watches[len(*begun)] {
			responses <- resp
		}
		close(responses)
		*begun = append(*begun, clientv3.OpGet("k", opts...).Rev())
		return responses
	}
}

// What nobody takes for long is left to an ordinary watch, which holds what it gets. Nothing is lost or repeated.
func TestLastingWatchSlowReader(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var begun []int64
		created := clientv3.WatchResponse{Header: &pb.ResponseHeader{Revision: 9000}, Created: true}
		l := &lastingWatch{next: 1, watch: sequence([][]clientv3.WatchResponse{{created}, {created, events(3, 4)}}, &begun)}
		l.past = func(ctx context.Context, _, _ int64, out func(*pb.WatchResponse) error) (int64, bool) {
			for rev := range int64(3) {
				resp := events(rev)
				if err := out(&pb.WatchResponse{Header: resp.Header, Events: resp.Events}); err != nil {
					if !errors.Is(err, errSlow) || ctx.Err() == nil || rev != 2 {
						t.Errorf("ended with %v at %d, the reading's context with %v", err, rev, ctx.Err())
					}
				}
			}
			return 3, true
		}
		responses := l.run(t.Context())
		for i, pause := range []time.Duration{0, slow - time.Second, slow + time.Second, 0} {
			time.Sleep(pause)
			if resp := <-responses; resp.Events[0].Kv.GetModRevision() != int64(i) {
				t.Errorf("response %d is %v", i, resp)
			}
		}
		if _, ok := <-responses; ok || !slices.Equal(begun, []int64{1, 3}) {
			t.Errorf("watches from %v", begun)
		}
	})
}
