package history

import (
	"context"
	"sync"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

// group is a round of watches of the same keys, in the order of the revisions they begin with.
type group struct {
	watches []*watch
	last    *watch // begins at the latest revision and is told of no event, so that it has caught up after one reading
	came    func() // to be called when something has come
	arrived chan struct{}
	err     error // why there are no watches
}

// begin begins the watches of a round, the first one from a revision on, and sends the round when the server has taken
// them. It returns nil when there is nothing left to read from there on.
func (h *reading) begin(ctx context.Context, from int64) <-chan *group {
	g := &group{arrived: make(chan struct{})}
	g.came = sync.OnceFunc(func() { close(g.arrived) })
	for stride := h.stride(); from <= h.to && len(g.watches) < h.size; from += stride {
		g.watches = append(g.watches, &watch{from: from})
	}
	if len(g.watches) == 0 {
		return nil
	}
	begun := make(chan *group, 1)
	giveUp := h.giveUp
	go func() {
		g.err = g.begin(ctx, h.open, h.Watch)
		begun <- g
		if g.err == nil {
			g.end(ctx, giveUp, h.patience)
		}
	}()
	return begun
}

// begin begins the watches side by side, and then the last one.
func (g *group) begin(ctx context.Context, open opener, keys Watch) error {
	errs := make([]error, len(g.watches))
	var wg sync.WaitGroup
	for i, w := range g.watches {
		wg.Go(func() { errs[i] = w.begin(ctx, open, keys.request(w.from)) })
	}
	wg.Wait()
	for i, w := range g.watches {
		switch {
		case errs[i] != nil:
			return errs[i]
		case w.begun < w.from:
			return errBehind
		}
	}
	g.last = &watch{from: g.watches[0].begun}
	r := keys.request(g.last.from)
	r.Filters = []pb.WatchCreateRequest_FilterType{pb.WatchCreateRequest_NOPUT, pb.WatchCreateRequest_NODELETE}
	return g.last.begin(ctx, open, r)
}

// The pauses between the questions whether the server has read for a round: the first, and the longest.
const (
	firstPause   = 10 * time.Millisecond
	longestPause = 100 * time.Millisecond
)

// end tells the server to cancel the watches as soon as it has read for them, or it would read for all of them again.
// What it has found for them by then still comes, or else the watch is read in another round. Where nothing comes and
// the server does not tell either, it gives the round up.
//
// A server answers a question for the progress when all watches of the stream have caught up; before, it answers nothing.
func (g *group) end(ctx context.Context, giveUp context.CancelCauseFunc, patience time.Duration) {
	told := make(chan struct{})
	go func() {
		if _, err := g.last.stream.Recv(); err == nil {
			close(told)
		}
	}()
	waited := time.After(patience)
	for pause, over := firstPause, false; !over; pause = min(2*pause, longestPause) {
		_ = g.last.stream.Send(askProgress()) // what is wrong shows in the watches
		select {
		case <-ctx.Done():
			return
		case <-waited:
			giveUp(errSilent)
			return
		case <-told:
			over = true
		case <-g.arrived:
			over = true
		case <-time.After(pause):
		}
	}
	for _, w := range g.watches {
		_ = w.stream.Send(cancelWatch(w.id))
	}
	g.last.stop()
}

func askProgress() *pb.WatchRequest {
	return &pb.WatchRequest{RequestUnion: &pb.WatchRequest_ProgressRequest{ProgressRequest: &pb.WatchProgressRequest{}}}
}

func cancelWatch(id int64) *pb.WatchRequest {
	return &pb.WatchRequest{RequestUnion: &pb.WatchRequest_CancelRequest{CancelRequest: &pb.WatchCancelRequest{WatchId: id}}}
}
