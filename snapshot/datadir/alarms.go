package datadir

import (
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/protobuf/proto"
)

// alarms are those that are raised.
type alarms struct {
	store  *store
	raised map[alarm]bool
}

type alarm struct {
	member uint64
	kind   pb.AlarmType
}

func newAlarms(s *store) (*alarms, error) {
	a := &alarms{store: s, raised: map[alarm]bool{}}
	return a, s.each(alarmBucket, func(key string, _ []byte) error {
		var m pb.AlarmMember
		if err := proto.Unmarshal([]byte(key), &m); err != nil {
			return broken(alarmBucket, key, err)
		}
		a.raised[alarm{m.MemberID, m.Alarm}] = true
		return nil
	})
}

func (a *alarms) any(kind pb.AlarmType) bool {
	for one := range a.raised {
		if one.kind == kind {
			return true
		}
	}
	return false
}

// noSpace reports whether writes are refused for lack of space.
func (a *alarms) noSpace() bool { return len(a.raised) > 0 && a.any(pb.AlarmType_NOSPACE) }

// corrupt reports whether all requests for keys are refused.
func (a *alarms) corrupt() bool { return len(a.raised) > 0 && a.any(pb.AlarmType_CORRUPT) }

func (a *alarms) apply(r *pb.AlarmRequest) error {
	one := alarm{r.MemberID, r.Alarm}
	key, err := proto.Marshal(&pb.AlarmMember{MemberID: one.member, Alarm: one.kind})
	if err != nil {
		return err
	}
	switch {
	case r.Action == pb.AlarmRequest_ACTIVATE && one.kind != pb.AlarmType_NONE && !a.raised[one]:
		a.raised[one] = true
		a.store.put(alarmBucket, string(key), nil)
	case r.Action == pb.AlarmRequest_DEACTIVATE && a.raised[one]:
		delete(a.raised, one)
		a.store.delete(alarmBucket, string(key))
	}
	return nil
}
