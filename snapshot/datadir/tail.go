package datadir

import (
	"context"
	"fmt"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/protobuf/proto"

	"etcdkit/snapshot/raftlog"
)

// entry is an entry of the tail, decoded. All but one of the requests are nil.
type entry struct {
	index, term uint64
	request     *pb.InternalRaftRequest
	v2          *raftlog.Request
	change      *confChange
}

// decode decodes an entry.
func decode(e raftlog.Entry) (entry, error) {
	d := entry{index: e.Index, term: e.Term}
	var err error
	switch {
	case e.Type == raftlog.EntryConfChange:
		d.change, err = parseConfChange(e.Data)
	case e.Type != raftlog.EntryNormal:
		err = fmt.Errorf("an entry of type %d, which etcd does not write", e.Type)
	case len(e.Data) == 0: // a new leader's
	default:
		if d.v2, err = raftlog.ParseRequest(e.Data); err != nil || d.v2 != nil {
			return d, err
		}
		d.request = &pb.InternalRaftRequest{}
		err = proto.Unmarshal(e.Data, d.request)
	}
	return d, err
}

// apply applies the entries after the consistent index.
func (d *Dir) apply(ctx context.Context, log *raftlog.Log, tail Tail) error {
	var all []entry
	err := log.Entries(ctx, d.Stored, func(e raftlog.Entry) error {
		decoded, err := decode(e)
		all = append(all, decoded)
		return log.Bad(e, err)
	})
	if err != nil {
		return err
	}
	d.Applied = d.Stored
	a, err := newApplier(ctx, d.File, all)
	if err != nil {
		return err
	}
	known := 0
	for known < len(all) && all[known].index <= d.Commit {
		known++
	}
	if err := d.applyAll(a, log, all[:known]); err != nil {
		return err
	}
	if d.Voters, err = a.members.voters(); err != nil {
		return err
	}
	d.CommittedRevision = a.keys.rev
	rest := all[known:]
	switch {
	case d.Voters == 1:
		err = d.applyAll(a, log, rest)
	case tail == All:
		d.Uncommitted = len(rest)
		err = d.applyAll(a, log, rest)
	default:
		d.Left = len(rest)
	}
	if err != nil {
		return err
	}
	if err := a.members.has(d.MemberID, log); err != nil {
		return err
	}
	d.Lay(a.layer())
	d.revision = a.keys.rev
	d.all, err = a.members.list()
	return err
}

func (d *Dir) applyAll(a *applier, log *raftlog.Log, all []entry) error {
	for i := range all {
		e := all[i]
		all[i].request = nil // it may be large
		if err := a.apply(e); err != nil {
			return log.Bad(raftlog.Entry{Index: e.index}, err)
		}
		d.Applied = e.index
	}
	return nil
}
