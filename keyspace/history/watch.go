package history

import (
	"context"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

// opener begins a stream of watches.
type opener func(context.Context) (pb.Watch_WatchClient, error)

// Watch says which events to read.
type Watch struct {
	Key, End []byte // as the API spells them; End is not among the keys
}

// request is one for a watch that begins at a revision.
func (w Watch) request(from int64) *pb.WatchCreateRequest {
	return &pb.WatchCreateRequest{Key: w.Key, RangeEnd: w.End, StartRevision: from}
}

// watch is one watch, on a stream of its own, so that no more of it comes than grpc's window while nobody receives.
type watch struct {
	from   int64
	stream pb.Watch_WatchClient
	stop   context.CancelFunc // ends the stream
	id     int64
	begun  int64 // the server's revision when it took the watch
}

// begin begins the watch and waits until the server has taken it.
func (w *watch) begin(ctx context.Context, open opener, r *pb.WatchCreateRequest) (err error) {
	ctx, w.stop = context.WithCancel(ctx)
	if w.stream, err = open(ctx); err != nil {
		return err
	}
	if err := w.stream.Send(&pb.WatchRequest{RequestUnion: &pb.WatchRequest_CreateRequest{CreateRequest: r}}); err != nil {
		return err
	}
	resp, err := w.stream.Recv()
	if err != nil {
		return err
	}
	if !resp.GetCreated() || resp.GetCanceled() {
		return errEnded
	}
	w.id, w.begun = resp.GetWatchId(), resp.GetHeader().GetRevision()
	return nil
}

// receive returns the next response that has events, or nil when the watch was canceled as it was asked to be.
func (w *watch) receive() (*pb.WatchResponse, error) {
	for {
		resp, err := w.stream.Recv()
		switch {
		case err != nil:
			return nil, err
		case resp.GetCompactRevision() != 0 || resp.GetCancelReason() != "":
			return nil, errEnded
		case resp.GetCanceled():
			return nil, nil
		case len(resp.GetEvents()) > 0 && resp.GetWatchId() == w.id:
			return resp, nil
		}
	}
}
