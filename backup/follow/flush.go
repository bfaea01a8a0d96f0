package follow

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"etcdkit/backup/increment"
)

// stored is the result of storing an increment.
type stored struct {
	inc   *increment.Increment
	after []*increment.Increment // of the line, once it is stored and merged
	err   error
}

// cut ends the increment at a revision, up to which it is whole, and begins to
// store it while the next one grows.
func (s *session) cut(revision int64) error {
	next, err := increment.NewWriter(s.Packing, revision)
	if err != nil {
		return fmt.Errorf("%w: %w", errBroken, err)
	}
	m := increment.Manifest{
		Line: s.pos.line, First: s.pos.number, Last: s.pos.number, Time: s.now(), By: s.Repo.By, Follower: s.id,
		ClusterID: s.pos.cluster, Backup: s.pos.backup, BackupRevision: s.pos.revision,
		To: revision, Points: s.points, LastRecord: s.pos.lastRecord, CompactRevision: s.pos.compact, Gaps: s.pos.gaps,
	}
	if s.last != nil {
		m.LastRecord = s.last.Sum()
	}
	s.mu.Lock()
	server := s.server
	if s.full.own && s.full.revision > m.BackupRevision {
		m.Backup, m.BackupRevision = s.full.name, s.full.revision
	}
	s.mu.Unlock()
	if server != nil {
		m.Endpoint = server.Endpoint
	}
	w := s.w
	s.w, s.points = next, nil
	s.due = time.Now().Add(s.Flush)
	line := slices.Clone(s.pos.stored)
	result := make(chan stored, 1)
	s.storing = result
	go func() { result <- s.store(s.job, w, m, server, line) }()
	return nil
}

// store completes an increment with what the server says, and stores it, however
// long that takes. It ends early only if ctx is done or its number is taken.
func (f *follower) store(ctx context.Context, w *increment.Writer, m increment.Manifest, server *Server, line []*increment.Increment) (r stored) {
	var leases []increment.Lease
	m.LeaseSource = increment.Unknown
	if server != nil {
		ask, cancel := context.WithTimeout(ctx, 2*requestTime)
		leases, m.LeaseSource = f.poll(ask, server)
		f.compactions(ask, server, &m)
		cancel()
	}
	p, err := w.Finish(m, leases)
	if err != nil {
		return stored{err: fmt.Errorf("%w: %w", errBroken, err)}
	}
	defer func() { r.err = errors.Join(r.err, p.Close()) }()
	wait := backoff{most: 15 * time.Second}
	begun := time.Now()
	for told := false; ; {
		r.inc, r.err = p.Put(ctx, f.Repo.Store)
		if r.err == nil && time.Since(begun) > fanout/3*f.Flush {
			r.err = f.superseded(ctx, r.inc)
		}
		switch {
		case r.err == nil:
			if told {
				f.tell("the repository works again; everything up to revision %d is stored", m.To)
			}
			r.after = f.merge(ctx, append(line, r.inc))
			return r
		case errors.Is(r.err, increment.ErrTaken):
			r.err = fmt.Errorf("%w: %w", errTaken, r.err)
			return r
		case ctx.Err() != nil:
			return r
		}
		if !told {
			f.tell("the repository failed: %v; retrying", r.err)
			told = true
		}
		if !wait.sleep(ctx) {
			return r
		}
	}
}

// superseded removes an increment that took so long to store that another follower
// has stored its number, and merged it, before.
func (f *follower) superseded(ctx context.Context, inc *increment.Increment) error {
	l, err := increment.ListLine(ctx, f.Repo.Store, inc.Line)
	if err != nil {
		return err
	}
	for _, other := range l.Increments {
		if other.Object != inc.Object && other.Last >= inc.First {
			return errors.Join(fmt.Errorf("%s: %w", inc.Object, increment.ErrTaken), f.Repo.Store.Delete(ctx, inc.Object))
		}
	}
	return nil
}

// compactions asks for the hash, and notices a compaction. The hash does not always
// show it: for the revision that was compacted, servers answer with the hash from
// before.
func (f *follower) compactions(ctx context.Context, server *Server, m *increment.Manifest) {
	known := m.CompactRevision
	m.Hashes = f.hashes(ctx, server, m.To)
	if len(m.Hashes) > 0 {
		m.MemberID = m.Hashes[0].MemberID
		if now := m.Hashes[0].CompactRevision; known == 0 || now > known {
			m.CompactRevision = now
		}
	}
	if at, err := f.compacted(ctx, server, m.CompactRevision); err == nil && at > m.CompactRevision {
		m.CompactRevision = at
	}
	if m.CompactRevision > 0 && m.CompactRevision != known {
		m.Compactions = append(m.Compactions, increment.Compaction{CompactRevision: m.CompactRevision, Revision: m.To, Time: f.now().Truncate(time.Millisecond)})
	}
}

// stored notes the result of storing an increment.
func (s *session) stored(r stored) error {
	s.storing = nil
	s.closeIdle()
	if r.err != nil {
		return r.err
	}
	s.put = time.Now()
	s.pos.number, s.pos.after, s.pos.gaps = r.inc.Last+1, r.inc.To, nil
	s.pos.lastRecord, s.pos.compact, s.pos.stored = r.inc.LastRecord, r.inc.CompactRevision, r.after
	s.pos.backup, s.pos.revision = r.inc.Backup, r.inc.BackupRevision
	s.setStatus(func(st *Status) {
		st.Revision, st.Time, st.Head, st.Backup, st.Pending = r.inc.To, r.inc.Time, s.head, r.inc.Backup, s.w.Size()
		st.Stored++
	})
	return nil
}

// farewell waits for what was written until the follower was told to end.
func (s *session) farewell(st *stream) error {
	st.progress()
	limit := time.NewTimer(goodbye / 3)
	defer limit.Stop()
	s.due = time.Now()
	for {
		select {
		case <-limit.C:
			return nil
		case <-st.ended:
			return nil
		case done := <-s.storing:
			if err := s.stored(done); err != nil {
				return err
			}
			st.progress()
		case r := <-st.got:
			if err := s.receive(s.job, st, r); err != nil {
				return err
			}
			if s.w.Records() == 0 {
				return nil
			}
		}
	}
}

// end waits for the increment that is being stored.
func (s *session) end() error {
	if s.storing == nil {
		return nil
	}
	return s.stored(<-s.storing)
}
