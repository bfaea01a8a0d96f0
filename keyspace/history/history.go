package history

import (
	"context"
	"errors"
	"math"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
)

// Long is how many revisions a history has for which several watches are worth their while.
const Long = 2 * batchRevisions

// batchRevisions is how many revisions with events a server sends at a time to a watch that is behind.
const batchRevisions = 1000

// limits bound the rounds of watches.
type limits struct {
	first    int           // watches of the first round
	most     int           // and of any
	bytes    int           // aim, of the keys and values that come in a round
	patience time.Duration // until something comes
}

// A server holds what it sends in a round, and beside it all the events of the history that it has read for that. Beyond
// 16 watches a round costs it more by each, and gains little.
const (
	blindWatches = 4 // of a first round, where the server does not say how much it stores
	mostWatches  = 16
	roundBytes   = 512 << 20
	patience     = time.Minute
)

// Reasons to leave the rest to a watch of the ordinary kind.
var (
	errShort  = errors.New("a watch has caught up")
	errWide   = errors.New("the events of a thousand revisions are too many to have several times")
	errNone   = errors.New("nothing came of a round of watches")
	errSilent = errors.New("the server is silent")
	errBehind = errors.New("the member is behind")
	errEnded  = errors.New("the server has ended a watch")
)

// reading is the reading of one history.
type reading struct {
	Watch
	limits
	batches
	open   opener
	giveUp context.CancelCauseFunc // ends the rounds that are under way

	next    int64 // the first revision that has not been handed over
	to      int64
	size    int   // watches of the next round
	span    int64 // the fewest revisions of which a response had the events, of this round
	largest int   // bytes of the largest response yet
}

// run reads up to and with the revision to. With an error it has ended before; what is below next has been handed over
// whole.
func (h *reading) run(ctx context.Context) error {
	h.size, h.span = h.first, batchRevisions
	for h.next <= h.to {
		before := h.next
		if err := h.rounds(ctx); err != nil {
			return err
		}
		if h.next == before {
			return errNone
		}
	}
	return nil
}

// rounds reads round after round, until one begins too late to have the first revision that is missing. Each is begun
// when something has come of the one before, so that the server reads for it while the rest comes.
func (h *reading) rounds(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	h.giveUp = cancel
	err := error(nil)
	for later := h.begin(ctx, h.next); later != nil && err == nil; {
		g := <-later
		if err = g.err; err == nil {
			later, err = h.read(ctx, g)
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// read hands over what the watches of a round bring, in order, and returns the round after it. There is none where the
// first revision that is missing may be among those that no watch has brought.
func (h *reading) read(ctx context.Context, g *group) (later <-chan *group, err error) {
	h.span = math.MaxInt64
	for i, w := range g.watches {
		if i+1 < len(g.watches) && g.watches[i+1].from <= h.next {
			w.stop()
			continue
		}
		if w.from > h.next {
			return nil, nil
		}
		resp, err := w.receive()
		if err != nil || resp == nil {
			return nil, err
		}
		g.came()
		_, revs := upTo(resp.GetEvents(), batchRevisions)
		h.learn(w, resp)
		if err := h.take(resp); err != nil {
			return nil, err
		}
		switch {
		case revs < batchRevisions:
			return nil, errShort
		case h.size < 2:
			return nil, errWide
		case later == nil:
			later = h.begin(ctx, g.watches[len(g.watches)-1].from+h.stride())
		}
		w.stop()
	}
	return later, nil
}

// learn sees how much there is in a response that a watch began with.
func (h *reading) learn(w *watch, resp *pb.WatchResponse) {
	events := resp.GetEvents()
	h.span = min(h.span, events[len(events)-1].GetKv().GetModRevision()+1-w.from)
	h.largest = max(h.largest, size(events))
	h.size = min(h.most, h.bytes/max(1, h.largest))
}

// stride is how far apart watches begin: as far as a response reaches. Where not every revision has events that varies,
// and a watch that begins too early costs less than one that begins too late.
func (h *reading) stride() int64 {
	if h.span == math.MaxInt64 {
		return batchRevisions
	}
	return max(batchRevisions, h.span-h.span/16)
}

// take hands over what is new of a response.
func (h *reading) take(resp *pb.WatchResponse) error {
	events := resp.GetEvents()
	n := 0
	for n < len(events) && events[n].GetKv().GetModRevision() < h.next {
		n++
	}
	if n == len(events) {
		return nil
	}
	h.next = events[len(events)-1].GetKv().GetModRevision() + 1
	resp.Events = events[n:]
	if n > 0 {
		return h.add(resp)
	}
	return h.pass(resp)
}

// size returns the bytes of keys and values.
func size(events []*mvccpb.Event) (n int) {
	for _, e := range events {
		n += len(e.GetKv().GetKey()) + len(e.GetKv().GetValue()) + len(e.GetPrevKv().GetKey()) + len(e.GetPrevKv().GetValue())
	}
	return n
}
