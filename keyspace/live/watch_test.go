package live

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// events is a response with events of the revisions.
func events(revs ...int64) clientv3.WatchResponse {
	resp := clientv3.WatchResponse{Header: &pb.ResponseHeader{Revision: revs[len(revs)-1]}}
	for _, rev := range revs {
		resp.Events = append(resp.Events, &clientv3.Event{Kv: &mvccpb.KeyValue{Key: []byte("k"), ModRevision: rev}})
	}
	return resp
}

// fakeWatcher answers watches with responses, one after the other.
type fakeWatcher struct {
	watches [][]clientv3.WatchResponse
	begun   []int64
	lost    []string
}

func (f *fakeWatcher) begin(_ context.Context, key string, opts ...clientv3.OpOption) clientv3.WatchChan {
	responses := make(chan clientv3.WatchResponse, 10)
	for _, resp := range f.watches[len(f.begun)] {
		responses <- resp
	}
	close(responses)
	f.begun = append(f.begun, clientv3.OpGet(key, opts...).Rev())
	return responses
}

func (f *fakeWatcher) report(_ error, next int64)            { f.lost = append(f.lost, fmt.Sprint(next)) }
func (f *fakeWatcher) took(int64)                            {}
func (f *fakeWatcher) RequestProgress(context.Context) error { return nil }

// A watch resumes after the last event it passed on, however often its member
// loses the leader, without a gap or a repeat.
func TestWatchResumes(t *testing.T) {
	t.Parallel()
	created := clientv3.WatchResponse{Header: &pb.ResponseHeader{Revision: 4}, Created: true}
	progress := clientv3.WatchResponse{Header: &pb.ResponseHeader{Revision: 20}}
	lost := clientv3.WatchResponse{Header: &pb.ResponseHeader{}, Canceled: true, CancelReason: rpctypes.ErrNoLeader.Error()}
	compacted := clientv3.WatchResponse{Header: &pb.ResponseHeader{}, Canceled: true, CompactRevision: 30}
	for _, tt := range []struct {
		name    string
		next    int64
		watches [][]clientv3.WatchResponse
		begun   []int64  // the revision of each watch
		got     string   // the revisions of events; - for a response without
		lost    []string // the complaints
	}{
		{
			name: "from a revision", next: 2, begun: []int64{2, 6, 6, 6, 8},
			watches: [][]clientv3.WatchResponse{{events(2, 3), events(5, 5), lost}, {lost}, {lost}, {events(6, 7), lost}, {events(7, 8), compacted}},
			got:     "2 3 5 5 6 7 8 -", lost: []string{"6", "8"},
		},
		{
			name: "from now on", begun: []int64{0, 5, 21},
			watches: [][]clientv3.WatchResponse{{created, events(4), lost}, {events(5), progress, lost}, {events(20), events(21)}},
			got:     "5 - 21", lost: []string{"5", "21"},
		},
		{name: "never begun", begun: []int64{0}, watches: [][]clientv3.WatchResponse{{lost}}, got: "-"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := &fakeWatcher{watches: tt.watches}
				watching := (&lasting{Watch: Watch{Key: "k"}, watcher: w, next: tt.next}).run(t.Context())
				var got []string
				for resp := range watching.Responses {
					if len(resp.Events) == 0 {
						got = append(got, "-")
					}
					for _, e := range resp.Events {
						got = append(got, fmt.Sprint(e.Kv.GetModRevision()))
					}
				}
				if strings.Join(got, " ") != tt.got || !slices.Equal(w.begun, tt.begun) || !slices.Equal(w.lost, tt.lost) {
					t.Errorf("got %v of watches from %v, lost at %v", got, w.begun, w.lost)
				}
			})
		})
	}
}
