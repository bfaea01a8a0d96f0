package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// Swap replaces one voting member by a new one: it is the state of the cluster,
// from which the steps that are left follow.
type Swap struct {
	Old      *pb.Member // nil if it is removed
	New      *pb.Member // the member with the new peer URLs; nil if it is not added yet
	URLs     []string   // peer URLs of the new member
	OldUp    bool
	AddFirst bool
	Now      Voters
	After    Voters // without the old member
	down     []*pb.Member
}

// Wanted is what a swap is asked for.
type Wanted struct {
	Who      func(*pb.Member) bool // whether this is the member to replace
	What     string                // as it was named
	URLs     []string              // peer URLs of the new member
	AddFirst bool
	Removed  bool // the old member was removed before
}

// NewSwap finds where a swap is. up has the ids of the members that are up.
func NewSwap(members []*pb.Member, up map[uint64]bool, w Wanted) (*Swap, error) {
	s := &Swap{URLs: w.URLs, AddFirst: w.AddFirst, Now: CountVoters(members, up)}
	var old []*pb.Member
	for _, m := range members {
		switch {
		case sameURLs(m.GetPeerURLs(), w.URLs):
			s.New = m
		case w.Who(m):
			old = append(old, m)
		}
		if !m.GetIsLearner() && !up[m.GetID()] {
			s.down = append(s.down, m)
		}
	}
	if len(old) > 1 {
		return nil, fmt.Errorf("%d members are called %s: use the ID of one", len(old), w.What)
	}
	if len(old) == 1 {
		s.Old = old[0]
	}
	if s.Old == nil && s.New != nil && !s.New.GetIsLearner() && w.Who(s.New) && !up[s.New.GetID()] {
		s.Old, s.New = s.New, nil // the new member gets the URLs of the old one
	}
	if s.Old == nil && s.New == nil && !w.Removed {
		return nil, fmt.Errorf("no member is %s, and none has the peer URLs %s: \"etcdctl member list\" shows the members; if an earlier swap has removed it, continue with --removed", w.What, strings.Join(w.URLs, ","))
	}
	if s.Old != nil {
		s.OldUp = up[s.Old.GetID()]
		s.After = CountVoters(slices.DeleteFunc(slices.Clone(members), func(m *pb.Member) bool { return m == s.Old }), up)
	}
	return s, s.refusal()
}

func sameURLs(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// Spare is how many more voting members may fail; it is negative without a quorum.
func (v Voters) Spare() int { return v.Up - v.Quorum() }

// Done reports whether nothing is left to do.
func (s *Swap) Done() bool { return s.Old == nil && s.New != nil && !s.New.GetIsLearner() }

// refusal says why the swap would endanger the cluster, or can't work.
func (s *Swap) refusal() error {
	switch {
	case s.Done():
		return nil
	case s.Now.Spare() < 0:
		return fmt.Errorf("%s: no member can be replaced without a quorum; start members again, or restore a snapshot", s.Now.Shortfall())
	case s.Old == nil:
		return nil
	case s.Old.GetIsLearner():
		return fmt.Errorf("%s is a learner, without which nothing is lost: use \"etcdctl member remove %x\" and \"etcdctl member add --learner\"", Name(s.Old), s.Old.GetID())
	case s.New != nil && !s.New.GetIsLearner():
		return fmt.Errorf("%s has these peer URLs and votes already, and %s is still a member: if this is the end of a swap with --add-first, run \"etcdctl member remove %x\"", Name(s.New), Name(s.Old), s.Old.GetID())
	case s.New != nil:
		return nil
	}
	return s.unsafe()
}

// unsafe says why a swap must not begin.
func (s *Swap) unsafe() error {
	for _, m := range s.down {
		switch {
		case m != s.Old:
			return fmt.Errorf("%s is down too (%d of %d voting members are up): etcd adds a member only while all others are connected; start it, or remove it with \"etcdctl member remove %x\"", Name(m), s.Now.Up, s.Now.All, m.GetID())
		case s.AddFirst:
			return fmt.Errorf("%s is down: etcd adds a member only while all others are connected; run the command without --add-first", Name(m))
		}
	}
	if !s.AddFirst && s.After.Spare() < 1 && s.After.Spare() < s.Now.Spare() {
		return fmt.Errorf("%s is up: without it %d of %d voting members must be up, and no other may fail; now %d may: stop it if it has failed, or use --add-first with peer URLs that no member has",
			Name(s.Old), s.After.Quorum(), s.After.All, s.Now.Spare())
	}
	return nil
}

// Step is a part of a swap.
type Step string

// The steps.
const (
	StepRemove  Step = "remove"
	StepAdd     Step = "add"
	StepStart   Step = "start" // by the user
	StepPromote Step = "promote"
)

// Steps returns the steps that are left.
func (s *Swap) Steps() []Step {
	var all []Step
	add := func(step Step, needed bool) {
		if needed {
			all = append(all, step)
		}
	}
	first := s.AddFirst || s.New != nil
	add(StepRemove, s.Old != nil && !first)
	add(StepAdd, s.New == nil)
	learner := s.New == nil || s.New.GetIsLearner()
	add(StepStart, learner && s.New.GetName() == "")
	add(StepRemove, s.Old != nil && first && !s.OldUp)
	add(StepPromote, learner)
	add(StepRemove, s.Old != nil && first && s.OldUp)
	return all
}

// Swapping makes the changes of a swap.
type Swapping struct {
	Client  clientv3.Cluster
	Promote Promotion
	// Ready waits until the new member has caught up.
	Ready func(ctx context.Context, id uint64) error
	// Did is told each step and the members after it. It returns the error of
	// printing.
	Did func(step Step, members []*pb.Member) error
}

// Run runs the steps that are left. A step that must not be separated from the
// one before is not interrupted when ctx ends.
func (r Swapping) Run(ctx context.Context, s *Swap) error {
	begun := false // the cluster must not stay as it is
	for _, step := range s.Steps() {
		if err := ctx.Err(); err != nil && !begun {
			return context.Cause(ctx)
		}
		if step == StepRemove && s.New.GetIsLearner() {
			if err := r.Ready(ctx, s.New.GetID()); err != nil {
				return err
			}
		}
		on := ctx
		if step == StepRemove || begun {
			on = context.WithoutCancel(ctx)
		}
		members, err := r.do(on, s, step)
		if err != nil {
			return err
		}
		begun = step == StepRemove && s.New == nil || step == StepPromote
		if err := r.Did(step, members); err != nil {
			return err
		}
	}
	return nil
}

func (r Swapping) do(ctx context.Context, s *Swap, step Step) ([]*pb.Member, error) {
	switch step {
	case StepRemove:
		ctx, cancel := context.WithTimeout(ctx, r.Promote.Timeout)
		defer cancel()
		resp, err := r.Client.MemberRemove(ctx, s.Old.GetID())
		if err != nil {
			return nil, fmt.Errorf("remove %s: %w", Name(s.Old), err)
		}
		return resp.Members, nil
	case StepAdd:
		return r.add(ctx, s)
	case StepPromote:
		resp, err := r.Promote.Promote(ctx, r.Client, s.New.GetID())
		if err != nil {
			return nil, err
		}
		s.New.IsLearner = false
		return resp.Members, nil
	}
	list, err := r.Client.MemberList(ctx, clientv3.WithSerializable())
	if err != nil {
		return nil, err
	}
	return list.Members, nil
}

// addTries is how often the new member is added, a second apart: a cluster
// refuses while its members have been connected for less than five seconds.
const addTries = 15

func (r Swapping) add(ctx context.Context, s *Swap) ([]*pb.Member, error) {
	var failed error
	for range addTries {
		resp, err := r.once(ctx, s.URLs)
		if err == nil {
			s.New = resp.Member
			return resp.Members, nil
		}
		if failed = err; !errors.Is(err, rpctypes.ErrUnhealthy) {
			break
		}
		if err := Pause(ctx, promotePause); err != nil {
			return nil, err
		}
	}
	if s.Old != nil && !s.AddFirst {
		return nil, fmt.Errorf("%s was removed, and the new member could not be added: %w: run the same command again with --removed", Name(s.Old), failed)
	}
	return nil, fmt.Errorf("add the new member: %w", failed)
}

func (r Swapping) once(ctx context.Context, urls []string) (*clientv3.MemberAddResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, r.Promote.Timeout)
	defer cancel()
	return r.Client.MemberAddAsLearner(ctx, urls)
}

// InSync waits until a member has applied nine tenths of the leader's entries, as
// etcd demands of a learner before its promotion.
func InSync(ctx context.Context, d Dialer, c clientv3.Cluster, id uint64, wait time.Duration) error {
	over := time.Now().Add(wait)
	for {
		list, err := c.MemberList(ctx, clientv3.WithSerializable())
		if err == nil {
			if applied, all, ok := Lag(ctx, d, list, id); ok && applied*10 >= all*9 {
				return nil
			}
		}
		if time.Now().After(over) {
			return cmp.Or(err, fmt.Errorf("member %x is still not in sync after %v: start it, then run the same command again", id, wait))
		}
		if err := Pause(ctx, promotePause); err != nil {
			return err
		}
	}
}
