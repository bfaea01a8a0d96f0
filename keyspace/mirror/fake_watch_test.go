package mirror

import (
	"context"
	"sync"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
)

// watchStream is one stream of watches.
type watchStream struct {
	*etcd
	pb.Watch_WatchServer
	sending sync.Mutex
	stop    context.CancelFunc // ends the watch
	up      int64              // all before it has been sent, on the stream's only watch
}

func (s *watchStream) send(r *pb.WatchResponse) error {
	s.sending.Lock()
	defer s.sending.Unlock()
	return s.Send(r)
}

// Watch serves watches, of which a stream has one at a time.
func (e *etcd) Watch(server pb.Watch_WatchServer) error {
	s := &watchStream{etcd: e, Watch_WatchServer: server, stop: func() {}}
	var watches sync.WaitGroup
	defer watches.Wait()
	defer func() {
		s.stop()
		e.request("unwatch")
	}()
	for id := int64(0); ; {
		r, err := s.Recv()
		if err != nil {
			return nil // the client has gone
		}
		switch {
		case r.GetCreateRequest() != nil:
			if err := e.request("watch"); err != nil {
				return err
			}
			var ctx context.Context
			ctx, s.stop = context.WithCancel(s.Context())
			watch := id
			watches.Go(func() { s.serve(ctx, watch, r.GetCreateRequest()) })
			id++
		case r.GetCancelRequest() != nil:
			s.stop()
			if err := s.send(&pb.WatchResponse{Header: &pb.ResponseHeader{}, WatchId: r.GetCancelRequest().WatchId, Canceled: true}); err != nil {
				return err
			}
		case r.GetProgressRequest() != nil:
			e.request("progress")
			e.mu.Lock()
			rev, synced := e.rev, s.up > e.rev
			e.mu.Unlock()
			if !synced {
				continue
			}
			if err := s.send(&pb.WatchResponse{Header: &pb.ResponseHeader{Revision: rev}, WatchId: -1}); err != nil {
				return err
			}
		}
	}
}

// serve sends events until ctx ends or the next revision has been compacted.
func (s *watchStream) serve(ctx context.Context, id int64, r *pb.WatchCreateRequest) {
	if s.send(&pb.WatchResponse{Header: &pb.ResponseHeader{}, WatchId: id, Created: true}) != nil {
		return
	}
	next := r.StartRevision
	for {
		s.mu.Lock()
		compacted, changed, rev, events := s.compacted, s.changed, s.rev, s.since(next, r)
		s.mu.Unlock()
		if next <= compacted {
			_ = s.send(&pb.WatchResponse{Header: &pb.ResponseHeader{}, WatchId: id, Canceled: true, CompactRevision: compacted})
			return
		}
		for _, es := range events {
			if s.send(&pb.WatchResponse{Header: &pb.ResponseHeader{Revision: rev}, WatchId: id, Events: es}) != nil {
				return
			}
		}
		next = max(next, rev+1)
		s.mu.Lock()
		s.up = next
		s.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
	}
}

// since returns the events from a revision on, a response for each revision.
func (e *etcd) since(rev int64, r *pb.WatchCreateRequest) (all [][]*mvccpb.Event) {
	last := int64(0)
	for _, ev := range e.history {
		if ev.Kv.ModRevision < rev || !within(ev.Kv.Key, r.Key, r.RangeEnd) {
			continue
		}
		if ev.Kv.ModRevision != last {
			all, last = append(all, nil), ev.Kv.ModRevision
		}
		all[len(all)-1] = append(all[len(all)-1], ev)
	}
	return all
}
