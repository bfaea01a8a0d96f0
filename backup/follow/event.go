package follow

import (
	"fmt"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"google.golang.org/protobuf/proto"

	"etcdkit/backup/increment"
)

// record is the record of the key bucket that an event reports. Its place in the
// revision is counted over responses, because a revision may be split.
func (st *stream) record(e *mvccpb.Event) (increment.Record, error) {
	kv := e.GetKv()
	rec := increment.Record{Main: kv.GetModRevision(), Tombstone: e.GetType() == mvccpb.Event_DELETE}
	switch {
	case rec.Main < st.main || rec.Main <= 0:
		return rec, fmt.Errorf("%s sent an event of revision %d after one of %d", st.server.Endpoint, rec.Main, st.main)
	case rec.Main == st.main:
		st.sub++
	default:
		st.main, st.sub = rec.Main, 0
	}
	rec.Sub = st.sub
	if rec.Tombstone {
		kv = &mvccpb.KeyValue{Key: kv.GetKey()}
	}
	var err error
	rec.Value, err = proto.MarshalOptions{Deterministic: true}.Marshal(kv)
	return rec, err
}
