package history

import (
	"context"
	"errors"
	"math"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Reader reads the history of one cluster. It may be used from several goroutines.
type Reader struct {
	Client       *clientv3.Client
	MaxRecvBytes int // largest response to accept; 0 is no limit

	limits limits // zero: those of the package
}

// Read hands over the events from one revision up to and with another, or a little beyond, and returns the first
// revision that was not handed over. It may be any from the first on: what comes then is for a watch of the ordinary kind,
// which also says what is wrong. What is below has been handed over whole, unless out has failed, whose error ends the
// reading.
//
// again tells whether more can be read in this way from next on, if there is so much.
//
// The responses are the caller's to keep. They hold together what one watch would have got together, when nothing is
// written meanwhile.
func (r *Reader) Read(ctx context.Context, w Watch, from, to int64, out func(*pb.WatchResponse) error) (next int64, again bool) {
	next, err := r.read(ctx, w, from, to, out)
	if next > to {
		return next, true
	}
	return next, next > from && !errors.Is(err, errShort) && !errors.Is(err, errWide) && !errors.Is(err, errSilent)
}

// read reads as Read does. All watches are one member's, as they would share nothing otherwise: of several endpoints it is
// the first that can be reached.
func (r *Reader) read(ctx context.Context, w Watch, from, to int64, out func(*pb.WatchResponse) error) (int64, error) {
	endpoints := r.Client.Endpoints()
	if len(endpoints) == 1 {
		return r.readFrom(ctx, r.Client.ActiveConnection(), w, from, to, out)
	}
	var last error
	for _, ep := range endpoints {
		conn, err := r.Client.Dial(ep)
		if err != nil {
			return from, err
		}
		next, err := r.readFrom(ctx, conn, w, from, to, out)
		_ = conn.Close() // nothing is under way
		if next > from || status.Code(err) != codes.Unavailable {
			return next, err
		}
		last = err
	}
	return from, last
}

// readFrom reads from a member. Nothing waits for a connection to it.
func (r *Reader) readFrom(ctx context.Context, conn *grpc.ClientConn, w Watch, from, to int64, out func(*pb.WatchResponse) error) (int64, error) {
	h := &reading{Watch: w, limits: r.limits, next: from, to: to, batches: batches{out: out}}
	if h.limits == (limits{}) {
		h.limits = limits{firstWatches(ctx, conn, to-from+1), mostWatches, roundBytes, patience}
	}
	most := math.MaxInt32
	if r.MaxRecvBytes > 0 {
		most = r.MaxRecvBytes
	}
	client, codec := pb.NewWatchClient(conn), newCodec()
	h.open = func(ctx context.Context) (pb.Watch_WatchClient, error) {
		return client.Watch(ctx, grpc.WaitForReady(false), grpc.MaxCallRecvMsgSize(most), grpc.ForceCodecV2(codec))
	}
	err := h.run(ctx)
	if failed := h.rest(); failed != nil {
		return h.next, failed
	}
	return h.next, err
}

// firstWatches returns how many watches a first round of a history of so many revisions has room for. All that the history
// brings is in the server's database, which bounds how large a response is.
func firstWatches(ctx context.Context, conn *grpc.ClientConn, revs int64) int {
	st, err := pb.NewMaintenanceClient(conn).Status(ctx, &pb.StatusRequest{})
	if err != nil || st.GetDbSizeInUse() <= 0 {
		return blindWatches
	}
	responses := max(1, revs/batchRevisions)
	return min(mostWatches, max(1, int(roundBytes*responses/st.GetDbSizeInUse())))
}
