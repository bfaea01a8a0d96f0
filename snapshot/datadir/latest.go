package datadir

import (
	"cmp"
	"slices"
	"strconv"
)

// Later orders the logs of members as raft does when it elects a leader: by the
// term of the last entry, and then by its index. The member with the latest log
// has every entry that was committed, if any of those compared has.
func Later(a, b Info) int {
	return cmp.Or(cmp.Compare(a.LastTerm, b.LastTerm), cmp.Compare(a.Last, b.Last))
}

// Member is a member of the cluster in a data directory.
type Member struct {
	ID         uint64
	Name       string // "" if it never started
	PeerURLs   []string
	ClientURLs []string
	Learner    bool
}

// Members returns the members of the cluster, in the order of their ids.
func (d *Dir) Members() []Member { return slices.Clone(d.all) }

// Self returns the member of the directory; only its id is known if the cluster
// has it no more.
func (d *Dir) Self() Member {
	for _, m := range d.all {
		if m.ID == d.MemberID {
			return m
		}
	}
	return Member{ID: d.MemberID}
}

// Revision is the latest revision with the applied entries.
func (d *Dir) Revision() int64 { return d.revision }

// String names the member.
func (m Member) String() string {
	id := strconv.FormatUint(m.ID, 16)
	if m.Name == "" {
		return id
	}
	return m.Name + " (" + id + ")"
}
