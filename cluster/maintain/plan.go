package maintain

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/dustin/go-humanize"
)

// copyRate is how many bytes in use a server is expected to copy in a second
// while it defragments, until one has shown its own rate. It is low for SSDs.
const copyRate = 50 << 20

// stallFloor is the least stall that is expected, however small the database.
const stallFloor = 50 * time.Millisecond

// Limits say which members are worth the stall. The zero value takes all.
type Limits struct {
	FreePercent int64         // the least free share of the database
	FreeBytes   int64         // the least free bytes
	MaxStall    time.Duration // the longest expected stall; 0 is no limit
}

// Step is what is to be done to one member.
type Step struct {
	Member
	Leads       bool
	Size, InUse int64
	Stall       time.Duration // expected
	Skip        string        // why it is not defragmented; "" if it is
	Left        bool          // it is skipped although it would pay
}

// Free is how many bytes defragmentation gives back.
func (s *Step) Free() int64 { return max(s.Size-s.InUse, 0) }

// FreePercent is the free share of the database.
func (s *Step) FreePercent() int64 {
	if s.Size <= 0 {
		return 0
	}
	return s.Free() * 100 / s.Size
}

// stall is how long a member is expected not to answer while bytes in use are
// copied.
func stall(inUse, rate int64) time.Duration {
	return stallFloor + time.Duration(float64(inUse)/float64(rate)*float64(time.Second))
}

// step judges a member by its sizes.
func (l Limits) step(m Member, leader *Member, rate int64) Step {
	s := Step{Member: m, Leads: leader != nil && leader.ID == m.ID}
	if m.Status == nil {
		s.Skip, s.Left = fmt.Sprintf("it does not answer: %v", m.Err), true
		return s
	}
	s.Size, s.InUse = m.Status.GetDbSize(), m.Status.GetDbSizeInUse()
	s.Stall = stall(s.InUse, rate)
	switch {
	case s.FreePercent() < l.FreePercent:
		s.Skip = fmt.Sprintf("%d%% is free, less than %d%%", s.FreePercent(), l.FreePercent)
	case s.Free() < l.FreeBytes:
		s.Skip = fmt.Sprintf("%s is free, less than %s", bytesText(s.Free()), bytesText(l.FreeBytes))
	case l.MaxStall > 0 && s.Stall > l.MaxStall:
		s.Skip, s.Left = fmt.Sprintf("it is expected to stall for %v, longer than --max-stall %v", s.Stall.Round(time.Millisecond), l.MaxStall), true
	}
	return s
}

func bytesText(n int64) string { return humanize.Bytes(uint64(max(n, 0))) }

// Plan returns what is to be done, in order: followers by what there is to gain,
// learners among them, and the leader last.
func (l Limits) Plan(s *State) []Step { return l.plan(s, copyRate) }

func (l Limits) plan(s *State, rate int64) []Step {
	var steps []Step
	for i := range s.Members {
		steps = append(steps, l.step(s.Members[i], s.Leader(), rate))
	}
	slices.SortStableFunc(steps, func(a, b Step) int {
		return cmp.Or(compareBool(a.Leads, b.Leads), cmp.Compare(b.Free(), a.Free()), cmp.Compare(a.Name, b.Name))
	})
	return steps
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
