package maintain

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"
)

// fakeStore notes what a recovery does besides the defragmentation.
type fakeStore struct {
	*fake
	fails  map[string]error
	raises bool // the test write raises the alarm again
}

func (s fakeStore) Compact(_ context.Context, rev int64) error {
	s.did = append(s.did, fmt.Sprint("compact ", rev))
	return s.fails["compact"]
}

func (s fakeStore) Disarm(context.Context) error {
	s.did = append(s.did, "disarm")
	s.alarm("")
	return s.fails["disarm"]
}

func (s fakeStore) TryWrite(_ context.Context, m *Member) error {
	s.did = append(s.did, "write "+m.Name)
	if s.raises {
		s.alarm("memberID:2 alarm:NOSPACE ")
	}
	return s.fails["write"]
}

// alarm sets what the members know of alarms.
func (f *fake) alarm(text string) {
	for i := range f.Members {
		s := proto.CloneOf(f.Members[i].Status)
		s.Errors = nil
		if text != "" {
			s.Errors = []string{text}
		}
		f.Members[i].Status = s
	}
}

func TestRecovery(t *testing.T) {
	t.Parallel()
	const all = "compact 10, m3, m2, m1>m3, m1, disarm, write m1, write m2, write m3"
	for _, tt := range []struct {
		name   string
		change func(f *fake, s *fakeStore, r *Recovery)
		did    string
		err    string
	}{
		{"all", nil, all, ""},
		{"revisions are kept", func(_ *fake, _ *fakeStore, r *Recovery) { r.Keep = 4 }, strings.Replace(all, "10", "6", 1), ""},
		{"more than there are", func(_ *fake, _ *fakeStore, r *Recovery) { r.Keep = 40 }, strings.Replace(all, "compact 10, ", "", 1), ""},
		{"not full", func(f *fake, _ *fakeStore, _ *Recovery) { f.alarm("") }, "", "no member has raised the alarm NOSPACE"},
		{"corrupt", func(f *fake, _ *fakeStore, _ *Recovery) { f.alarm("memberID:2 alarm:CORRUPT ") }, "", "the alarm CORRUPT is raised"},
		{"no quota", func(_ *fake, _ *fakeStore, r *Recovery) { delete(r.Quotas, 2) }, "", "the quota of m2 is not known"},
		{"the values are too large", func(_ *fake, _ *fakeStore, r *Recovery) { r.Quotas[3] = mb }, "", "the latest values alone take 5.2 MB, and the quota of m3 is 1.0 MB"},
		{"no room is made", func(_ *fake, _ *fakeStore, r *Recovery) { r.Quotas[2] = 94 * mb }, "compact 10, m3, m2, m1>m3, m1",
			"stopped: disarming: m2 still has 94 MB of 99 MB"},
		{"compaction fails", func(_ *fake, s *fakeStore, _ *Recovery) { s.fails["compact"] = errors.New("denied") }, "compact 10",
			"stopped: compaction: denied; done: none; left: compaction, defragmentation, disarming, test write"},
		{"defragmentation fails", func(f *fake, _ *fakeStore, _ *Recovery) {
			f.during = func(*fake, *Member) error { return errors.New("disk full") }
		}, "compact 10, m3", "stopped before m3: disk full"},
		{"the alarm comes back", func(_ *fake, s *fakeStore, _ *Recovery) { s.raises = true }, all,
			"stopped: test write: the alarm is raised again by m2; done: compaction, defragmentation, disarming; left: test write"},
		{"the test write fails", func(_ *fake, s *fakeStore, _ *Recovery) { s.fails["write"] = errors.New("denied") }, "compact 10, m3, m2, m1>m3, m1, disarm, write m1",
			"stopped: test write: by way of m1: denied"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := threeMembers()
				f.Members[0].Status.Header.Revision = 10
				f.alarm("memberID:2 alarm:NOSPACE ")
				s := &fakeStore{fake: f, fails: make(map[string]error)}
				r := &Recovery{Run: Run{Cluster: f, Wait: 10 * time.Second}, Store: s, Quotas: map[uint64]int64{1: 100 * mb, 2: 100 * mb, 3: 100 * mb}}
				if tt.change != nil {
					tt.change(f, s, r)
				}
				seen, _ := f.Observe(t.Context())
				plan, err := r.Plan(seen, 5*mb)
				if err == nil {
					_, err = r.Do(t.Context(), plan)
				}
				if did := strings.Join(f.did, ", "); did != tt.did {
					t.Errorf("did %q, want %q", did, tt.did)
				}
				if text := fmt.Sprint(err); (err == nil) != (tt.err == "") || err != nil && !strings.Contains(text, tt.err) {
					t.Errorf("error %q, want %q", text, tt.err)
				}
			})
		})
	}
}
