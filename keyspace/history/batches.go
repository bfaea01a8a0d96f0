package history

import (
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
)

// batches hands over events in responses as one watch would get them, each with the events of as many revisions as a
// server sends at a time.
type batches struct {
	out  func(*pb.WatchResponse) error
	held *pb.WatchResponse // fewer than that, or nil
	revs int               // of held
}

// pass hands over a whole response, which is as a server sent it, when nothing is held.
func (b *batches) pass(resp *pb.WatchResponse) error {
	if b.held != nil {
		return b.add(resp)
	}
	return b.out(resp)
}

// add hands over what is held and the events of a response, in which no revision is that was held before, as far as it
// fills responses, and holds the rest.
func (b *batches) add(resp *pb.WatchResponse) error {
	for events := resp.GetEvents(); len(events) > 0; {
		if b.held == nil {
			b.held = &pb.WatchResponse{}
		}
		n, revs := upTo(events, batchRevisions-b.revs)
		b.held.Header, b.held.Events = resp.GetHeader(), append(b.held.Events, events[:n]...)
		b.revs += revs
		events = events[n:]
		if b.revs == batchRevisions {
			if err := b.rest(); err != nil {
				return err
			}
		}
	}
	return nil
}

// rest hands over what is held.
func (b *batches) rest() error {
	held := b.held
	if held == nil {
		return nil
	}
	b.held, b.revs = nil, 0
	return b.out(held)
}

// upTo returns how many of the events are those of the first revisions, most at the most, and how many revisions that
// are.
func upTo(events []*mvccpb.Event, most int) (n, revs int) {
	rev := int64(0)
	for n < len(events) {
		if r := events[n].GetKv().GetModRevision(); r != rev {
			if revs == most {
				break
			}
			rev = r
			revs++
		}
		n++
	}
	return n, revs
}
