package follow

import (
	"context"
	"errors"
	"fmt"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"etcdkit/backup/increment"
)

// connect connects to the first endpoint that answers, from the one on that is
// next, and has it confirm that the cluster has a leader.
func (f *follower) connect(ctx context.Context) (*Server, error) {
	var failed error
	for range f.Endpoints {
		endpoint := f.Endpoints[f.next%len(f.Endpoints)]
		s, err := f.Dial(ctx, endpoint)
		if err == nil {
			if _, err = f.ask(ctx, s); err == nil {
				return s, nil
			}
			_ = s.Close() // the error at hand says more
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		failed = errors.Join(failed, err)
		f.next++
	}
	if failed == nil {
		failed = errors.New("there is no endpoint in --endpoints")
	}
	return nil, first(failed)
}

// first is the first of several errors, so that it fits on a line.
func first(err error) error {
	if many, ok := err.(interface{ Unwrap() []error }); ok && len(many.Unwrap()) > 0 {
		return first(many.Unwrap()[0])
	}
	return err
}

// firstKey is the smallest key, which is not in use.
const firstKey = "\x00"

// ask reads nothing through the leader, and returns the header.
func (f *follower) ask(ctx context.Context, s *Server) (*pb.ResponseHeader, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	resp, err := s.KV.Range(ctx, &pb.RangeRequest{Key: []byte(firstKey), Limit: 1, KeysOnly: true})
	return resp.GetHeader(), s.explain(err)
}

func (s *Server) explain(err error) error {
	if err == nil || s.Explain == nil {
		return err
	}
	return s.Explain(err)
}

// cluster returns the id of the cluster and its latest revision.
func (f *follower) cluster(ctx context.Context) (id string, revision int64, err error) {
	s, err := f.connect(ctx)
	if err != nil {
		return "", 0, err
	}
	defer s.Close() //nolint:errcheck // it was only read
	h, err := f.ask(ctx, s)
	return hexID(h.GetClusterId()), h.GetRevision(), err
}

// hash asks a server for its hash at a revision.
func (f *follower) hash(ctx context.Context, s *Server, revision int64) (increment.Hash, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*requestTime)
	defer cancel()
	r, err := s.Maintenance.HashKV(ctx, &pb.HashKVRequest{Revision: revision})
	if err != nil {
		return increment.Hash{}, s.explain(err)
	}
	return increment.Hash{Revision: revision, CompactRevision: r.CompactRevision, HashKV: r.Hash, MemberID: hexID(r.Header.GetMemberId())}, nil
}

// hashShare is the part of the time that a server may be busy with hashes.
const hashShare = 20

// hashes asks for the hash at a revision, unless the last one took so long that
// asking again would burden the server: it stops writing to its disk meanwhile.
func (f *follower) hashes(ctx context.Context, s *Server, revision int64) []increment.Hash {
	if time.Now().Before(f.hashAt) {
		return nil
	}
	begun := time.Now()
	h, err := f.hash(ctx, s, revision)
	f.hashAt = time.Now().Add(hashShare * time.Since(begun))
	if err != nil { // a member that is behind, a compaction meanwhile, no permission
		return nil
	}
	return []increment.Hash{h}
}

// compacted returns the server's compact revision if it is above the one that is
// known, and 0 if it is not.
func (f *follower) compacted(ctx context.Context, s *Server, known int64) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	probe := max(known, 1)
	_, err := s.KV.Range(ctx, &pb.RangeRequest{Key: []byte(firstKey), Limit: 1, KeysOnly: true, Serializable: true, Revision: probe})
	if status.Code(err) != codes.OutOfRange {
		return 0, err
	}
	w, err := s.Watch.Watch(ctx)
	if err != nil {
		return 0, err
	}
	defer cancel()
	if err := w.Send(createRequest([]byte(firstKey), nil, probe)); err != nil {
		return 0, err
	}
	for {
		r, err := w.Recv()
		if err != nil {
			return 0, err
		}
		if r.CompactRevision > 0 {
			return r.CompactRevision, nil
		}
		if r.Canceled {
			return 0, errors.New(r.CancelReason)
		}
	}
}

func createRequest(key, end []byte, from int64) *pb.WatchRequest {
	return &pb.WatchRequest{RequestUnion: &pb.WatchRequest_CreateRequest{CreateRequest: &pb.WatchCreateRequest{
		Key: key, RangeEnd: end, StartRevision: from, Fragment: true,
	}}}
}

// stream is a watch of all keys. What arrives waits in the connection until it is
// received, so that a reader that pauses makes the server wait.
type stream struct {
	server *Server
	watch  pb.Watch_WatchClient
	got    chan *pb.WatchResponse
	ended  chan struct{}
	main   int64 // of the last event
	sub    int64
	err    error // why it ended
	cancel context.CancelFunc
}

// open watches all keys from a revision on. The watch outlives ctx: it ends with
// life, so that what was written before the follower was told to end can arrive.
func (f *follower) open(ctx, life context.Context, from int64) (*stream, error) {
	s, err := f.connect(ctx)
	if err != nil {
		return nil, err
	}
	head, err := f.ask(ctx, s)
	if err == nil && head.Revision < from {
		err = fmt.Errorf("%w: its latest revision is %d, but %d was recorded", errHistory, head.Revision, from)
	}
	if err != nil {
		_ = s.Close()
		return nil, err
	}
	// A member that loses its leader ends the stream.
	life, cancel := context.WithCancel(metadata.AppendToOutgoingContext(life, "hasleader", "true"))
	w, err := s.Watch.Watch(life)
	if err == nil {
		err = w.Send(createRequest([]byte{0}, []byte{0}, from))
	}
	if err != nil {
		cancel()
		_ = s.Close()
		return nil, s.explain(err)
	}
	st := &stream{server: s, watch: w, got: make(chan *pb.WatchResponse), ended: make(chan struct{}), cancel: cancel}
	go st.receive(life)
	return st, nil
}

func (st *stream) receive(ctx context.Context) {
	defer close(st.ended)
	for {
		r, err := st.watch.Recv()
		if err != nil {
			st.err = err
			return
		}
		select {
		case st.got <- r:
		case <-ctx.Done():
			st.err = ctx.Err()
			return
		}
	}
}

// progress asks for the revision up to which all events were sent.
func (st *stream) progress() {
	_ = st.watch.Send(&pb.WatchRequest{RequestUnion: &pb.WatchRequest_ProgressRequest{ProgressRequest: &pb.WatchProgressRequest{}}}) // Recv has the error
}

// close ends the watch, not the connection.
func (st *stream) close() {
	st.cancel()
	<-st.ended
}
