package maintain

import (
	"context"
	"strings"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/cluster"
)

// A Cluster is what maintenance asks and tells a cluster.
type Cluster interface {
	// Observe returns the members and what each tells about itself.
	Observe(ctx context.Context) (*State, error)
	// Defragment defragments a member and returns how long that took.
	Defragment(ctx context.Context, m *Member) (time.Duration, error)
	// MoveLeader hands the lead over to another member.
	MoveLeader(ctx context.Context, from, to *Member) error
}

// State is a cluster as it was at one time.
type State struct{ Members []Member }

// Member is a member and its status.
type Member struct {
	ID       uint64
	Name     string // or its id
	Learner  bool
	Endpoint string             // that answered; the first one if none did
	Status   *pb.StatusResponse // nil if it did not answer
	Err      error              // why it did not answer
}

// Label is the member's name in messages.
func (m *Member) Label() string { return m.Name }

// alarmed reports whether the member knows of an alarm of a kind.
func (m *Member) alarmed(kind pb.AlarmType) bool {
	for _, text := range m.Status.GetErrors() {
		if strings.Contains(text, kind.String()) {
			return true
		}
	}
	return false
}

// Find returns the member with an id, or nil.
func (s *State) Find(id uint64) *Member {
	for i := range s.Members {
		if s.Members[i].ID == id {
			return &s.Members[i]
		}
	}
	return nil
}

// Leader returns the member that leads: the one of the latest term. It is nil if
// none is known.
func (s *State) Leader() *Member {
	var leader *Member
	for i := range s.Members {
		m := &s.Members[i]
		if m.Status.GetLeader() == m.ID && m.ID != 0 && (leader == nil || m.Status.GetRaftTerm() > leader.Status.GetRaftTerm()) {
			leader = m
		}
	}
	return leader
}

// Voters counts the voting members, and those that answered.
func (s *State) Voters() cluster.Voters {
	var v cluster.Voters
	for i := range s.Members {
		if s.Members[i].Learner {
			continue
		}
		v.All++
		if s.Members[i].Status != nil {
			v.Up++
		}
	}
	return v
}

// Alone reports whether the cluster can't do without any of its voting members:
// it has one or two.
func (s *State) Alone() bool { v := s.Voters(); return v.Quorum() == v.All }

// Revision returns the latest revision that a member has told.
func (s *State) Revision() int64 {
	rev := int64(0)
	for i := range s.Members {
		rev = max(rev, s.Members[i].Status.GetHeader().GetRevision())
	}
	return rev
}
