package maintain

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
)

// maxTransfers is how often a run moves the lead: once, and once more if it comes
// back by itself.
const maxTransfers = 2

// A Run defragments the members of a cluster one after another.
type Run struct {
	Cluster Cluster
	Limits  Limits
	Wait    time.Duration         // how long each gate is waited for
	Each    func(Result)          // called after each member; may be nil
	Moved   func(from, to string) // called after the lead was moved; may be nil
	Begin   func(Step)            // called before a member is defragmented; may be nil

	rate      int64 // the slowest that a member has shown; 0 is none yet
	transfers int
	names     []string
	results   []Result
}

// Result is what was done to a member.
type Result struct {
	Step
	After int64         // the size afterwards
	Took  time.Duration // how long the member did not answer
}

// A StoppedError is the error of a run that ended early.
type StoppedError struct {
	Why        error
	Before     string   // the member that was about to be defragmented; "" if the run was between two
	During     string   // the member that is still being defragmented
	Done, Left []string // members
}

func (e *StoppedError) Error() string {
	var b strings.Builder
	switch {
	case e.During != "":
		fmt.Fprintf(&b, "stopped: %v; %s continues to defragment by itself", e.Why, e.During)
	case e.Before != "":
		fmt.Fprintf(&b, "stopped before %s: %v", e.Before, e.Why)
	default:
		fmt.Fprintf(&b, "stopped: %v", e.Why)
	}
	fmt.Fprintf(&b, "; done: %s; left: %s; run the same command again to continue", listed(e.Done), listed(e.Left))
	return b.String()
}

func (e *StoppedError) Unwrap() error { return e.Why }

func listed(names []string) string { return cmp.Or(strings.Join(names, ", "), "none") }

// All defragments every member for which it pays. It returns what was done to
// each member, also with an error: a [StoppedError].
func (r *Run) All(ctx context.Context) ([]Result, error) {
	first, err := Gate{Wait: r.Wait}.Pass(ctx, r.Cluster)
	if err != nil {
		return nil, &StoppedError{Why: err}
	}
	for i := range first.Members {
		r.names = append(r.names, first.Members[i].Name)
	}
	for s := first; ; {
		steps := r.left(s)
		if len(steps) == 0 {
			return r.results, r.incomplete()
		}
		if s, err = r.next(ctx, s, steps[0]); err != nil {
			return r.results, err
		}
	}
}

// next does the next step, or finds that another one comes first. It returns the
// state after it.
func (r *Run) next(ctx context.Context, s *State, next Step) (*State, error) {
	if next.Skip != "" {
		r.add(Result{Step: next, After: next.Size})
		return s, nil
	}
	s, err := r.gate(next.ID).Pass(ctx, r.Cluster)
	if err != nil {
		return nil, r.stopped(err, next.Name, "")
	}
	steps := r.left(s)
	i := slices.IndexFunc(steps, func(step Step) bool { return step.ID == next.ID })
	switch {
	case i < 0 || steps[i].Skip != "" || steps[i].Leads && len(steps) > 1:
		return s, nil // it has changed meanwhile
	case steps[i].Leads && s.Voters().All > 1:
		if s, err = r.handOver(ctx, s, next.ID); err != nil {
			return nil, r.stopped(err, next.Name, "")
		}
		return s, nil
	}
	return r.one(ctx, s, steps[i])
}

// left returns the steps for the members that nothing was done to yet.
func (r *Run) left(s *State) []Step {
	return slices.DeleteFunc(r.Limits.plan(s, cmp.Or(r.rate, copyRate)), func(s Step) bool { return r.done(s.ID) })
}

func (r *Run) done(id uint64) bool {
	return slices.ContainsFunc(r.results, func(d Result) bool { return d.ID == id })
}

// gate is the gate before a member.
func (r *Run) gate(next uint64) Gate {
	g := Gate{Without: next, Wait: r.Wait}
	for _, d := range r.results {
		if d.Skip == "" {
			g.Must = append(g.Must, d.ID)
		}
	}
	return g
}

// one defragments a member and returns the state after it.
func (r *Run) one(ctx context.Context, s *State, next Step) (*State, error) {
	result := Result{Step: next, After: next.Size}
	if r.Begin != nil {
		r.Begin(next)
	}
	took, err := r.Cluster.Defragment(ctx, s.Find(next.ID))
	switch {
	case next.Learner && errors.Is(err, rpctypes.Error(rpctypes.ErrGRPCNotSupportedForLearner)):
		result.Skip = "a learner refuses to be defragmented; it can be after its promotion"
		r.add(result)
		return s, nil
	case ctx.Err() != nil:
		return nil, r.stopped(context.Cause(ctx), next.Name, next.Name)
	case errors.Is(err, context.DeadlineExceeded):
		return nil, r.stopped(err, next.Name, next.Name)
	case err != nil:
		return nil, r.stopped(err, next.Name, "")
	}
	if copying := took - stallFloor; copying > 0 {
		rate := max(int64(float64(next.InUse)/copying.Seconds()), 1)
		r.rate = min(cmp.Or(r.rate, rate), rate)
	}
	g := r.gate(0)
	g.Must = append(g.Must, next.ID)
	result.Took = took
	after, err := g.Pass(ctx, r.Cluster)
	if err == nil {
		result.After = after.Find(next.ID).Status.GetDbSize()
	}
	r.add(result)
	if err != nil {
		return nil, r.stopped(err, "", "")
	}
	return after, nil
}

func (r *Run) add(result Result) {
	r.results = append(r.results, result)
	if r.Each != nil {
		r.Each(result)
	}
}

// heir returns the follower that is to lead while the leader is defragmented: a
// voting one that nothing is left to do to. The gate was passed before.
func (r *Run) heir(s *State, leader uint64) *Member {
	var best *Member
	for _, d := range r.results {
		m := s.Find(d.ID)
		if m == nil || m.Learner || d.Left || m.fit(leader, 0) != nil {
			continue
		}
		if best == nil || m.Status.GetRaftAppliedIndex() > best.Status.GetRaftAppliedIndex() {
			best = m
		}
	}
	return best
}

// handOver moves the lead away from a leader, and waits until all follow the new
// one.
func (r *Run) handOver(ctx context.Context, s *State, leader uint64) (*State, error) {
	if r.transfers++; r.transfers > maxTransfers {
		return nil, errors.New("the lead comes back again and again")
	}
	from, heir := s.Find(leader), r.heir(s, leader)
	if heir == nil {
		return nil, errors.New("no voting follower that needs no defragmentation can take the lead")
	}
	if err := r.Cluster.MoveLeader(ctx, from, heir); err != nil {
		return nil, fmt.Errorf("the lead could not be moved from %s to %s: %w", from.Label(), heir.Label(), err)
	}
	if r.Moved != nil {
		r.Moved(from.Label(), heir.Label())
	}
	return r.gate(0).Pass(ctx, r.Cluster)
}

// incomplete is the error of a run that had to leave members out.
func (r *Run) incomplete() error {
	for _, d := range r.results {
		if d.Left {
			return r.stopped(fmt.Errorf("%s was left out: %s", d.Name, d.Skip), "", "")
		}
	}
	return nil
}

// stopped says what is done and what is left.
func (r *Run) stopped(why error, before, during string) *StoppedError {
	e := &StoppedError{Why: why, Before: before, During: during}
	settled := make(map[string]bool)
	for _, d := range r.results {
		settled[d.Name] = !d.Left
		if d.Skip == "" {
			e.Done = append(e.Done, d.Name)
		}
	}
	for _, name := range r.names {
		if !settled[name] && name != during {
			e.Left = append(e.Left, name)
		}
	}
	return e
}
