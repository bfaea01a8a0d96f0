package maintain

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/cluster"
)

// ErrNotFull is why there is nothing to recover: no member has raised NOSPACE.
var ErrNotFull = errors.New("no member has raised the alarm NOSPACE")

// fullPercent is the share of the quota from which a database counts as full: the
// next writes would raise the alarm again.
const fullPercent = 95

// A Store is what a recovery tells a cluster, besides what [Cluster] does.
type Store interface {
	// Compact removes the history before a revision, physically. It is no error if
	// that was done before.
	Compact(ctx context.Context, rev int64) error
	// Disarm ends the alarms NOSPACE, and no other ones.
	Disarm(ctx context.Context) error
	// TryWrite writes a key of its own by way of a member, and deletes it again.
	TryWrite(ctx context.Context, m *Member) error
}

// A Recovery leads a cluster from a full database to one that accepts writes. It
// deletes no keys but that of its own test.
type Recovery struct {
	Run    Run
	Store  Store
	Keep   int64            // revisions before the newest that stay readable
	Quotas map[uint64]int64 // of the members' databases
	Did    func(string)     // called after each step but the defragmentation; may be nil
}

// A RecoveryPlan is what a recovery is going to do.
type RecoveryPlan struct {
	Before  *State
	Compact int64  // the revision; 0 if there is no history to remove
	Steps   []Step // the defragmentation
	Alarmed []string
}

// Full returns the members that have raised NOSPACE, as far as the members that
// answer know. The error is [ErrCorrupt] or [ErrNotFull] if there is nothing that
// a recovery may do.
func Full(s *State) ([]string, error) {
	var names []string
	for i := range s.Members {
		if s.Members[i].alarmed(pb.AlarmType_CORRUPT) {
			return nil, ErrCorrupt
		}
	}
	for i := range s.Members {
		if s.raised(s.Members[i].ID) {
			names = append(names, s.Members[i].Label())
		}
	}
	if len(names) == 0 {
		return nil, ErrNotFull
	}
	return names, nil
}

// raised reports whether a member has raised NOSPACE: every member knows of it.
func (s *State) raised(id uint64) bool {
	for i := range s.Members {
		for _, text := range s.Members[i].Status.GetErrors() {
			if strings.Contains(text, pb.AlarmType_NOSPACE.String()) && strings.Contains(text+" ", fmt.Sprintf(":%d ", id)) {
				return true
			}
		}
	}
	return false
}

// Plan returns what is going to be done. live is how many bytes keys and values
// have at the latest revision. The error says why it can't be done.
func (r *Recovery) Plan(s *State, live int64) (*RecoveryPlan, error) {
	p := &RecoveryPlan{Before: s, Compact: max(s.Revision()-r.Keep, 0), Steps: r.Run.Limits.Plan(s)}
	var err error
	if p.Alarmed, err = Full(s); err != nil {
		return nil, err
	}
	for i := range s.Members {
		m := &s.Members[i]
		switch quota := r.Quotas[m.ID]; {
		case m.Status == nil:
		case quota <= 0:
			return nil, fmt.Errorf("the quota of %s is not known: neither its status nor its metrics have it; give it by --quota, as its server's --quota-backend-bytes has it", m.Label())
		case live >= quota:
			return nil, fmt.Errorf("the latest values alone take %s, and the quota of %s is %s: delete keys, or start the members with a higher --quota-backend-bytes, and run the same command again", bytesText(live), m.Label(), bytesText(quota))
		}
	}
	return p, nil
}

// Do carries out a plan and returns the cluster as it is afterwards. An error is
// a [StoppedError].
func (r *Recovery) Do(ctx context.Context, p *RecoveryPlan) (*State, error) {
	todo := []struct {
		name string
		do   func(context.Context) error
	}{
		{"compaction", func(ctx context.Context) error { return r.compact(ctx, p.Compact) }},
		{"defragmentation", func(ctx context.Context) error { _, err := r.Run.All(ctx); return err }},
		{"disarming", r.disarm},
		{"test write", r.test},
	}
	var done []string
	for i, step := range todo {
		err := step.do(ctx)
		if stopped := (*StoppedError)(nil); errors.As(err, &stopped) {
			return nil, err
		}
		if err != nil {
			var left []string
			for _, l := range todo[i:] {
				left = append(left, l.name)
			}
			return nil, &StoppedError{Why: fmt.Errorf("%s: %w", step.name, err), Done: done, Left: left}
		}
		done = append(done, step.name)
	}
	return r.Run.Cluster.Observe(ctx)
}

func (r *Recovery) did(format string, args ...any) {
	if r.Did != nil {
		r.Did(fmt.Sprintf(format, args...))
	}
}

// compact removes the history, and waits until the members have done so.
func (r *Recovery) compact(ctx context.Context, rev int64) error {
	if rev == 0 {
		return nil
	}
	if err := r.Store.Compact(ctx, rev); err != nil {
		return err
	}
	r.did("compacted revision %d", rev)
	return r.settle(ctx)
}

// settle waits until no member's bytes in use change any more, but not longer
// than for a gate: each member removes the history at its own pace, and a later
// end only leaves more free pages in its file.
func (r *Recovery) settle(ctx context.Context) error {
	const looks = 5
	last, same := "", 0
	for over := time.Now().Add(r.Run.Wait); same < looks && time.Now().Before(over); {
		s, err := r.Run.Cluster.Observe(ctx)
		if err != nil {
			return err
		}
		now := ""
		for i := range s.Members {
			now += fmt.Sprint(s.Members[i].Status.GetDbSizeInUse(), " ")
		}
		if same++; now != last {
			last, same = now, 0
		}
		if err := cluster.Pause(ctx, gatePause); err != nil {
			return err
		}
	}
	return nil
}

// disarm ends the alarms, if there is room.
func (r *Recovery) disarm(ctx context.Context) error {
	s, err := Gate{Wait: r.Run.Wait}.Pass(ctx, r.Run.Cluster)
	if err != nil {
		return err
	}
	for i := range s.Members {
		m := &s.Members[i]
		if size, quota := m.Status.GetDbSize(), r.Quotas[m.ID]; m.Status != nil && size*100 >= quota*fullPercent {
			return fmt.Errorf("%s still has %s of %s: delete keys, or start the members with a higher --quota-backend-bytes", m.Label(), bytesText(size), bytesText(quota))
		}
	}
	if err := r.Store.Disarm(ctx); err != nil {
		return err
	}
	r.did("disarmed NOSPACE")
	return nil
}

// test writes by way of each voting member, and looks whether that has raised the
// alarm again.
func (r *Recovery) test(ctx context.Context) error {
	s, err := r.Run.Cluster.Observe(ctx)
	if err != nil {
		return err
	}
	for i := range s.Members {
		if m := &s.Members[i]; m.Status != nil && !m.Learner {
			if err := r.Store.TryWrite(ctx, m); err != nil {
				return fmt.Errorf("by way of %s: %w", m.Label(), err)
			}
		}
	}
	if s, err = (Gate{Wait: r.Run.Wait}.Pass(ctx, r.Run.Cluster)); err != nil {
		return err
	}
	if names, err := Full(s); !errors.Is(err, ErrNotFull) {
		return fmt.Errorf("the alarm is raised again by %s", listed(names))
	}
	r.did("wrote a test key by way of each voting member, and deleted it")
	return nil
}
