package follow

import (
	"context"
	"errors"
	"fmt"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"etcdkit/backup/increment"
)

// session follows one line from a position on.
type session struct {
	*follower
	pos     *position
	w       *increment.Writer
	points  []increment.Point
	last    *increment.Record // the last one that was appended; nil if none was
	known   known             // what the server has to send again
	head    int64
	storing chan stored // the result of the increment that is being stored; nil if none is
	job     context.Context
	put     time.Time // when the last increment was stored
	due     time.Time // when the next one is
	asked   time.Time // when progress was asked for and did not come
	paused  bool
	idle    []*Server // whose watch has ended, but which may still be asked
	at      string    // the endpoint that was watched last
	down    bool      // it was lost
}

// known is a record that was received before. The watch begins with its revision,
// so that the server shows whether its history is the same.
type known struct {
	main    int64
	sub     int64  // lastSub for the last one of the revision
	sum     string // "" if it is not known
	got     string
	checked bool
}

const lastSub = 1<<63 - 1

// session follows until ctx is done, or until another position must be found.
func (f *follower) session(ctx context.Context, pos *position) (err error) {
	job, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		time.AfterFunc(goodbye, cancel)
	})
	defer stop()
	s := &session{follower: f, pos: pos, job: job, head: pos.after}
	if s.w, err = increment.NewWriter(f.Packing, pos.after); err != nil {
		return err
	}
	defer func() {
		cancel()
		if s.storing != nil {
			<-s.storing
			s.storing = nil
		}
		s.closeIdle()
		err = errors.Join(err, s.w.Discard())
	}()
	f.setStatus(func(st *Status) { st.Line, st.Revision, st.Backup = pos.line, pos.after, pos.backup })
	s.due = time.Now()
	wait := backoff{most: 5 * time.Second}
	for {
		begun := time.Now()
		err := s.watch(ctx)
		switch {
		case ctx.Err() != nil:
			return s.end()
		case errors.Is(err, errTaken), errors.Is(err, errCompacted), errors.Is(err, errHistory), errors.Is(err, errBroken):
			return err
		}
		if !s.down {
			s.down = true
			if s.at == "" {
				s.tell("can't watch: %v; retrying", err)
			} else {
				s.tell("watch of %s lost: %v; reconnecting", s.at, err)
			}
		}
		f.next++
		if time.Since(begun) > time.Minute {
			wait.now = 0
		}
		if err := s.pause(ctx, &wait); err != nil {
			return err
		}
	}
}

// pause waits before the next connection; an increment may be stored meanwhile.
func (s *session) pause(ctx context.Context, wait *backoff) error {
	if !wait.sleep(ctx) || s.storing == nil {
		return nil
	}
	select {
	case done := <-s.storing:
		return s.stored(done)
	default:
		return nil
	}
}

// errBroken is a failure of this program's own files.
var errBroken = errors.New("records could not be kept in a temporary file")

// watch follows one stream to its end.
func (s *session) watch(ctx context.Context) error {
	s.known = known{main: s.pos.after, sub: lastSub, sum: s.pos.lastRecord}
	if s.last != nil {
		s.known = known{main: s.last.Main, sub: s.last.Sub, sum: s.last.Sum()}
	}
	st, err := s.open(ctx, s.job, max(s.known.main, 1))
	if err != nil {
		return err
	}
	s.setServer(st.server)
	defer func() {
		st.close()
		s.setServer(nil)
		s.idle = append(s.idle, st.server)
		s.closeIdle()
	}()
	tick := time.NewTicker(max(s.Flush/5, 100*time.Millisecond))
	defer tick.Stop()
	st.progress()
	s.asked = time.Now()
	for {
		in := st.got
		if s.pausing() {
			in = nil
		}
		select {
		case <-ctx.Done():
			return s.farewell(st)
		case r := <-in:
			if err := s.receive(ctx, st, r); err != nil {
				return err
			}
		case <-st.ended:
			return st.server.explain(st.err)
		case done := <-s.storing:
			if err := s.stored(done); err != nil {
				return err
			}
		case <-tick.C:
			if err := s.tick(st); err != nil {
				return err
			}
		}
	}
}

// stalled is how long progress may be missing before another member is tried.
func (s *session) stalled() time.Duration { return max(20*time.Second, 4*s.Flush) }

// tick asks for progress.
func (s *session) tick(st *stream) error {
	if s.paused {
		s.asked = time.Now()
		return nil
	}
	if !s.asked.IsZero() && time.Since(s.asked) > s.stalled() {
		return fmt.Errorf("no progress for %s", s.stalled())
	}
	if s.asked.IsZero() {
		s.asked = time.Now()
	}
	st.progress()
	return nil
}

// pausing reports whether no more records can be collected, and says when that
// begins and ends.
func (s *session) pausing() bool {
	full := s.w.Size() >= s.MaxPending && s.storing != nil
	if full != s.paused {
		s.paused = full
		if full {
			s.tell("the repository is too slow: %d bytes of records wait in a temporary file; the watch pauses", s.w.Size())
		} else {
			s.tell("resuming the watch at revision %d", s.w.Revision())
			s.asked = time.Now()
		}
	}
	return full
}

// receive handles a response.
func (s *session) receive(ctx context.Context, st *stream, r *pb.WatchResponse) error {
	if id := hexID(r.GetHeader().GetClusterId()); id != s.pos.cluster {
		return fmt.Errorf("%w: %s belongs to cluster %s, not %s", errHistory, st.server.Endpoint, id, s.pos.cluster)
	}
	switch {
	case r.CompactRevision > 0:
		return fmt.Errorf("%w: revision %d is the first that the server has", errCompacted, r.CompactRevision)
	case r.Canceled:
		return fmt.Errorf("the watch was canceled: %s", r.CancelReason)
	case r.Created:
		if s.down {
			s.tell("resuming watch of %s at revision %d", st.server.Endpoint, s.known.main+1)
			s.down = false
		}
		s.at = st.server.Endpoint
		return nil
	}
	s.head = max(s.head, r.GetHeader().GetRevision())
	if len(r.Events) == 0 && !r.Fragment {
		return s.progressed(ctx, st, r.GetHeader().GetRevision())
	}
	return s.events(ctx, st, r)
}

// progressed notes that everything up to a revision has arrived.
func (s *session) progressed(ctx context.Context, st *stream, revision int64) error {
	if revision < s.w.Revision() || revision < s.known.main {
		return nil // asked for before the last events arrived
	}
	if err := s.check(ctx, st); err != nil {
		return err
	}
	s.asked = time.Time{}
	s.point(revision)
	idle := revision == s.pos.after && len(s.pos.gaps) == 0 && s.pos.number > 1 && time.Since(s.put) < heartbeat*s.Flush
	if s.storing == nil && !time.Now().Before(s.due) && !idle {
		return s.cut(revision)
	}
	return nil
}

// point notes that a revision is the latest one now.
func (s *session) point(revision int64) {
	p := increment.Point{Revision: revision, Time: s.now()}
	if n := len(s.points); n >= 2 && s.points[n-1].Revision == revision && s.points[n-2].Revision == revision {
		s.points[n-1] = p // the first and the last of a revision say everything
		return
	}
	if n := len(s.points); n >= maxPoints {
		for i := range n / 2 { // while the store fails
			s.points[i] = s.points[2*i]
		}
		s.points = s.points[:n/2]
	}
	s.points = append(s.points, p)
}

// maxPoints bounds the points of one increment.
const maxPoints = 500

// events appends the records of events.
func (s *session) events(ctx context.Context, st *stream, r *pb.WatchResponse) error {
	s.asked = time.Now() // they show that the stream is alive
	for _, e := range r.Events {
		rec, err := st.record(e)
		if err != nil {
			return err
		}
		if rec.Main < s.known.main {
			return fmt.Errorf("%s sent an event of revision %d, before %d", st.server.Endpoint, rec.Main, s.known.main)
		}
		if rec.Main == s.known.main && rec.Sub <= s.known.sub {
			if s.known.sub == lastSub || rec.Sub == s.known.sub {
				s.known.got = rec.Sum()
			}
			continue
		}
		if err := s.check(ctx, st); err != nil {
			return err
		}
		// The server is too busy for progress: the next revision's first event
		// shows that the one before is whole.
		if rec.Main > s.w.Revision() && s.w.Records() > 0 && s.storing == nil && time.Since(s.due) > 2*s.Flush {
			s.point(s.w.Revision())
			if err := s.cut(s.w.Revision()); err != nil {
				return err
			}
		}
		if err := s.w.Append(rec); err != nil {
			return fmt.Errorf("%w: %w", errBroken, err)
		}
		s.last = &rec
	}
	return nil
}

// check compares what the server has sent again with what is known, once.
func (s *session) check(ctx context.Context, st *stream) error {
	k := &s.known
	if k.checked || k.sum == "" || k.got == k.sum {
		k.checked = true
		return nil
	}
	if k.got == "" { // a compaction at this very revision may have removed it
		ctx, cancel := context.WithTimeout(ctx, requestTime)
		defer cancel()
		_, err := st.server.KV.Range(ctx, &pb.RangeRequest{Key: []byte(firstKey), Limit: 1, KeysOnly: true, Serializable: true, Revision: max(k.main-1, 1)})
		if status.Code(err) == codes.OutOfRange {
			k.checked = true
			return nil
		}
		if err != nil {
			return st.server.explain(err)
		}
	}
	return fmt.Errorf("%w: revision %d differs from what was recorded", errHistory, k.main)
}

// closeIdle closes connections that no increment needs any more.
func (s *session) closeIdle() {
	if s.storing != nil {
		return
	}
	for _, server := range s.idle {
		_ = server.Close() // it was only read
	}
	s.idle = nil
}

func (s *session) setServer(server *Server) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.server = server
}
