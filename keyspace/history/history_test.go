package history

import (
	"context"
	"errors"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"google.golang.org/protobuf/proto"
)

// Whatever a server does, what is handed over are the events from the first revision up to the next one, each once and in
// order.
func TestRead(t *testing.T) {
	t.Parallel()
	const revs = 30_000
	compacted := func(sent int) *pb.WatchResponse {
		if sent >= 9 {
			return &pb.WatchResponse{Header: &pb.ResponseHeader{}, Canceled: true, CompactRevision: 9000}
		}
		return nil
	}
	for _, tt := range []struct {
		name   string
		share  float64 // of the revisions that have events
		change func(f *fake, r *Reader)
		err    error // why it ends
		least  int64 // what next is at least
	}{
		{name: "all", share: 1, least: revs},
		{name: "most", share: 0.9, least: revs},
		{name: "some", share: 0.3, least: revs - 100},
		{name: "few", share: 0.05, least: revs - 500},
		{name: "none", share: 0, err: errNone},
		{name: "one watch at a time", share: 1, change: func(_ *fake, r *Reader) { r.limits.bytes = 9000 }, err: errWide, least: 1000},
		{name: "small responses", share: 1, change: func(f *fake, _ *Reader) { f.batch = 100 }, err: errShort, least: 100},
		{name: "large responses", share: 1, change: func(f *fake, _ *Reader) { f.batch = 2500 }, least: revs},
		{name: "no progress told", share: 1, change: func(f *fake, _ *Reader) { f.tells = false }, least: revs},
		{name: "progress guessed", share: 1, change: func(f *fake, _ *Reader) { f.guesses = true }},
		{name: "not canceled", share: 0.7, change: func(f *fake, _ *Reader) { f.deaf = true }, least: revs},
		{name: "compacted", share: 1, change: func(f *fake, _ *Reader) { f.breaks = compacted }, err: errEnded, least: 2000},
		{name: "gone", share: 1, change: func(f *fake, _ *Reader) { f.dies = 8 }, least: 2000},
		{name: "behind", share: 1, change: func(f *fake, _ *Reader) { f.behind = revs }, err: errBehind},
		{name: "silent", share: 0, change: func(f *fake, r *Reader) {
			f.tells, r.limits.patience = false, 50*time.Millisecond
		}, err: errSilent},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(uint64(len(tt.name)), revs, tt.share)
			r := f.reader(t)
			if tt.change != nil {
				f.mu.Lock()
				tt.change(f, r)
				f.mu.Unlock()
			}
			var got []*mvccpb.Event
			next, err := r.read(t.Context(), Watch{Key: []byte("k")}, 2, f.rev, func(resp *pb.WatchResponse) error {
				got = append(got, resp.GetEvents()...)
				return nil
			})
			same(t, got, f.events[:len(f.events)-len(f.since(next))])
			if next < tt.least || tt.err != nil && !errors.Is(err, tt.err) || err == nil && next <= f.rev {
				t.Errorf("ended at %d with %v", next, err)
			}
		})
	}
}

// The responses are those of one watch.
func TestReadResponses(t *testing.T) {
	t.Parallel()
	for _, share := range []float64{1, 0.8, 0.1} {
		f := newFake(3, 40_000, share)
		left := f.events
		next, again := f.reader(t).Read(t.Context(), Watch{Key: []byte("k")}, 2, f.rev, func(resp *pb.WatchResponse) error {
			n, _ := upTo(left, batchRevisions)
			same(t, resp.GetEvents(), left[:n])
			left = left[n:]
			if !proto.Equal(resp.GetHeader(), f.header()) {
				t.Errorf("header %v", resp.GetHeader())
			}
			return nil
		})
		if len(left) > 0 || again != (next > f.rev) {
			t.Errorf("%d events are missing, next %d, again %v", len(left), next, again)
		}
	}
}

// Several watches begin side by side and ask for what the one would.
func TestReadRequests(t *testing.T) {
	t.Parallel()
	f := newFake(1, 5000, 1)
	w := Watch{Key: []byte("k"), End: []byte("l")}
	f.reader(t, "127.0.0.1:1").Read(t.Context(), w, 2, f.rev, func(*pb.WatchResponse) error { return nil })
	got := map[int64]int{}
	for _, r := range f.requests {
		if string(r.Key) != "k" || string(r.RangeEnd) != "l" {
			t.Errorf("asked for %v", r)
		}
		if len(r.Filters) == 0 {
			got[r.StartRevision]++
		}
	}
	for rev := int64(2); rev <= f.rev; rev += batchRevisions {
		if got[rev] != 1 {
			t.Errorf("%d watches from %d", got[rev], rev)
		}
	}
}

// What takes the events may fail, and the reading ends with its context.
func TestReadEnds(t *testing.T) {
	t.Parallel()
	f := newFake(1, 20_000, 1)
	r := f.reader(t)
	full := errors.New("full")
	if _, err := r.read(t.Context(), Watch{Key: []byte("k")}, 2, f.rev, func(*pb.WatchResponse) error { return full }); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	next, err := r.read(ctx, Watch{Key: []byte("k")}, 2, f.rev, func(*pb.WatchResponse) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) || next > f.rev {
		t.Errorf("got %v at %d", err, next)
	}
}

func same(t *testing.T, got, want []*mvccpb.Event) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("got %d events, want %d", len(got), len(want))
	}
	for i := range min(len(got), len(want)) {
		if !proto.Equal(got[i], want[i]) {
			t.Fatalf("event %d: got %v, want %v", i, got[i], want[i])
		}
	}
}

// A first round has as many watches as there is room for, whatever the history is of.
func TestFirstWatches(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		stored, revs int64
		want         int
	}{
		{0, 100_000, blindWatches},
		{1 << 20, 5_000, mostWatches},
		{roundBytes, 8_000, 8},
		{8 * roundBytes, 20_000, 2},
		{8 * roundBytes, 2_000, 1},
		{1 << 20, 10, mostWatches},
	} {
		f := newFake(1, 1, 1)
		f.stored = tt.stored
		conn := f.reader(t).Client.ActiveConnection()
		if got := firstWatches(t.Context(), conn, tt.revs); got != tt.want {
			t.Errorf("%d watches for %d revisions in %d bytes, want %d", got, tt.revs, tt.stored, tt.want)
		}
	}
}
