package maintain

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/protobuf/proto"
)

// fake is a cluster in memory. It notes what is done to it.
type fake struct {
	State
	did    []string
	during func(f *fake, m *Member) error // while a member is defragmented
	seen   func(f *fake)                  // before each look
	stuck  bool                           // the lead comes back
}

const mb = 1 << 20

// threeMembers has the leader m1, and followers of which m3 has most to gain.
func threeMembers() *fake {
	f := &fake{}
	for i, free := range []int64{80, 10, 50} {
		f.add(uint64(i+1), free)
	}
	return f
}

func (f *fake) add(id uint64, free int64) {
	f.Members = append(f.Members, Member{ID: id, Name: fmt.Sprint("m", id), Status: &pb.StatusResponse{
		Header: &pb.ResponseHeader{MemberId: id}, Leader: 1, DbSize: 100 * mb, DbSizeInUse: (100 - free) * mb, RaftIndex: 7, RaftAppliedIndex: 7,
	}})
}

func (f *fake) Observe(context.Context) (*State, error) {
	if f.seen != nil {
		f.seen(f)
	}
	return &State{slices.Clone(f.Members)}, nil
}

func (f *fake) Defragment(_ context.Context, m *Member) (time.Duration, error) {
	f.did = append(f.did, m.Name)
	at := f.Find(m.ID)
	if f.during != nil {
		if err := f.during(f, at); err != nil {
			return 0, err
		}
	}
	took := stall(at.Status.GetDbSizeInUse(), copyRate/4)
	time.Sleep(took)
	at.Status = proto.CloneOf(at.Status)
	at.Status.DbSize = at.Status.DbSizeInUse
	return took, nil
}

func (f *fake) MoveLeader(_ context.Context, from, to *Member) error {
	f.did = append(f.did, from.Name+">"+to.Name)
	if !f.stuck {
		f.lead(to.ID)
	}
	return nil
}

func (f *fake) lead(id uint64) {
	for i := range f.Members {
		if s := proto.CloneOf(f.Members[i].Status); s != nil {
			s.Leader = id
			f.Members[i].Status = s
		}
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	down := func(f *fake, id uint64) { m := f.Find(id); m.Status, m.Err = nil, errors.New("refused") }
	learner := func(f *fake) { f.add(4, 90); f.Find(4).Learner = true }
	for _, tt := range []struct {
		name   string
		limits Limits
		change func(f *fake)
		did    string
		err    string
	}{
		{"followers by gain, then the lead, then the leader", Limits{}, nil, "m3 m2 m1>m3 m1", ""},
		{"one does not pay", Limits{FreePercent: 30}, nil, "m3 m1>m3 m1", ""},
		{"by bytes", Limits{FreeBytes: 60 * mb}, nil, "m1>m3 m1", ""},
		{"none pays", Limits{FreePercent: 90}, nil, "", ""},
		{"a learner refuses", Limits{}, func(f *fake) {
			learner(f)
			f.during = func(_ *fake, m *Member) error {
				if m.Learner {
					return rpctypes.Error(rpctypes.ErrGRPCNotSupportedForLearner)
				}
				return nil
			}
		}, "m4 m3 m2 m1>m3 m1", ""},
		{"a learner never leads", Limits{FreeBytes: 60 * mb}, learner, "m4 m1>m3 m1", ""},
		{"a learner is down", Limits{FreePercent: 30}, func(f *fake) { learner(f); down(f, 4) }, "m3 m1>m3 m1",
			"stopped: m4 was left out: it does not answer: refused; done: m3, m1; left: m4; run the same command again to continue"},
		{"a follower is down", Limits{}, func(f *fake) { down(f, 2) }, "",
			"stopped before m3: without m3 only 1 of 3 voting members would be left, and 2 are needed: m2 does not answer: refused (waited 10s); done: none; left: m1, m2, m3; run the same command again to continue"},
		{"one of five is down", Limits{}, func(f *fake) { f.add(4, 5); f.add(5, 5); down(f, 5) }, "m3 m2 m4 m1>m3 m1",
			"stopped: m5 was left out: it does not answer: refused; done: m3, m2, m4, m1; left: m5; run the same command again to continue"},
		{"corrupt", Limits{}, func(f *fake) { f.Members[1].Status.Errors = []string{"memberID:2 alarm:CORRUPT "} }, "", "stopped: the alarm CORRUPT is raised"},
		{"no space is no reason", Limits{}, func(f *fake) { f.Members[1].Status.Errors = []string{"memberID:2 alarm:NOSPACE "} }, "m3 m2 m1>m3 m1", ""},
		{"corrupt on the way", Limits{}, func(f *fake) {
			f.during = func(f *fake, _ *Member) error {
				f.Members[1].Status.Errors = []string{"memberID:2 alarm:CORRUPT "}
				return nil
			}
		}, "m3", "stopped: the alarm CORRUPT is raised: find the member that differs with \"etcdctl check consistency\", replace it, and disarm the alarm; done: m3; left: m1, m2;"},
		{"it does not catch up", Limits{}, func(f *fake) {
			f.during = func(_ *fake, m *Member) error { m.Status.RaftAppliedIndex = 3; return nil }
		}, "m3", "stopped: m3 is 4 entries behind (waited 10s); done: m3; left: m1, m2;"},
		{"it fails", Limits{}, func(f *fake) {
			f.during = func(*fake, *Member) error { return errors.New("disk full") }
		}, "m3", "stopped before m3: disk full; done: none; left: m1, m2, m3;"},
		{"it takes longer than the timeout", Limits{}, func(f *fake) {
			f.during = func(*fake, *Member) error { return context.DeadlineExceeded }
		}, "m3", "stopped: context deadline exceeded; m3 continues to defragment by itself; done: none; left: m1, m2;"},
		{"the lead comes back", Limits{FreeBytes: 60 * mb}, func(f *fake) { f.stuck = true }, "m1>m3 m1>m3", "stopped before m1: the lead comes back again and again"},
		{"two leaders", Limits{}, func(f *fake) { f.Members[1].Status.Leader = 2 }, "", "follows another leader than the others (waited 10s)"},
		{"no leader", Limits{}, func(f *fake) { f.lead(0) }, "", "stopped: no member leads (waited 10s)"},
		{"the others stall for too long, as the first has shown", Limits{MaxStall: 2 * time.Second}, nil, "m3 m1>m3 m1",
			"stopped: m2 was left out: it is expected to stall for 7.25s, longer than --max-stall 2s; done: m3, m1; left: m2;"},
		{"one member", Limits{}, func(f *fake) { f.Members = f.Members[:1] }, "m1", ""},
		{"two members", Limits{}, func(f *fake) { f.Members = f.Members[:2] }, "m2 m1>m2 m1", ""},
		{"one of two is down", Limits{}, func(f *fake) { f.Members = f.Members[:2]; down(f, 2) }, "", "m2 does not answer: refused (waited 10s)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := threeMembers()
				if tt.change != nil {
					tt.change(f)
				}
				_, err := (&Run{Cluster: f, Limits: tt.limits, Wait: 10 * time.Second}).All(t.Context())
				did, text := strings.Join(f.did, " "), fmt.Sprint(err)
				t.Log(did, text)
				if did != tt.did {
					t.Errorf("did %q, want %q", did, tt.did)
				}
				if (err == nil) != (tt.err == "") || tt.err != "" && !strings.Contains(text, tt.err) {
					t.Errorf("error %q, want %q", text, tt.err)
				}
			})
		})
	}
}

// An interrupt between two members ends the run after the first; one during a
// defragmentation names the member.
func TestRunInterrupted(t *testing.T) {
	t.Parallel()
	cause := errors.New("interrupt")
	for _, tt := range []struct {
		name   string
		during bool
		err    string
	}{
		{"during", true, "stopped: interrupt; m3 continues to defragment by itself; done: none; left: m1, m2; run the same command again to continue"},
		{"between", false, "stopped before m2: interrupt; done: m3; left: m1, m2; run the same command again to continue"},
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		f := threeMembers()
		r := &Run{Cluster: f, Wait: time.Second}
		if tt.during {
			f.during = func(*fake, *Member) error { cancel(cause); return context.Canceled }
		} else {
			r.Each = func(Result) {
				f.seen = func(f *fake) { f.Find(1).Status.RaftIndex = 99; cancel(cause) } // a look that does not pass
			}
		}
		if _, err := r.All(ctx); fmt.Sprint(err) != tt.err || !errors.Is(err, cause) {
			t.Errorf("%s: got %v", tt.name, err)
		}
	}
}
