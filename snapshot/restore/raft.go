package restore

import (
	"encoding/json"
	"errors"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/client/pkg/v3/types"
	"go.etcd.io/etcd/server/v3/etcdserver/api/membership"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v2store"
	"go.etcd.io/etcd/server/v3/storage/wal/walpb"
	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"etcdkit/snapshot/raftlog"
)

// Roots of the v2 store (server/etcdserver, server.go).
const (
	storeClusterPrefix = "/0"
	storeKeysPrefix    = "/1"
)

// memberDirs is where the parts of one member go that differ from the others'.
type memberDirs struct {
	id        types.ID
	snap, wal string
}

// writeRaft makes the WAL of a member, in which all members, sorted by id,
// have been added and all of it is committed, and the raft snapshot of that
// state.
func (b *builder) writeRaft(d memberDirs, members []*membership.Member) (err error) {
	metadata, err := proto.Marshal(&etcdserverpb.Metadata{NodeID: new(uint64(d.id)), ClusterID: new(uint64(b.cluster.ID()))})
	if err != nil {
		return err
	}
	entries, conf, err := additions(members)
	if err != nil {
		return err
	}
	commit := uint64(len(entries))
	if err := b.writeSnap(d.snap, commit, conf); err != nil {
		return err
	}
	w, err := raftlog.Create(d.wal, metadata)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	for _, e := range entries {
		if err := appendMessage(w, raftlog.Entries, e); err != nil {
			return err
		}
	}
	state := &raftpb.HardState{Term: new(uint64(raftTerm)), Vote: new(conf.Voters[0]), Commit: new(commit)}
	if err := appendMessage(w, raftlog.HardStates, state); err != nil {
		return err
	}
	return appendMessage(w, raftlog.Marks, &walpb.Snapshot{Index: new(commit), Term: new(uint64(raftTerm)), ConfState: conf})
}

// appendMessage appends a record to a WAL.
func appendMessage(w *raftlog.Writer, k raftlog.Kind, m proto.Message) error {
	b, err := proto.Marshal(m)
	if err != nil {
		return err
	}
	return w.Append(k, b)
}

// writeSnapshot writes a raft snapshot with this v2 store as its data.
func writeSnapshot(dir string, store v2store.Store, m raftlog.Mark, conf *raftpb.ConfState) error {
	data, err := store.SaveNoCopy()
	if err != nil {
		return err
	}
	message, err := proto.Marshal(&raftpb.Snapshot{
		Data:     data,
		Metadata: &raftpb.SnapshotMetadata{Index: new(m.Index), Term: new(m.Term), ConfState: conf},
	})
	if err != nil {
		return err
	}
	return raftlog.WriteSnapshot(dir, m, message)
}

// additions are the entries that add the members, and the resulting membership.
func additions(members []*membership.Member) (entries []*raftpb.Entry, conf *raftpb.ConfState, err error) {
	conf = &raftpb.ConfState{}
	for i, m := range members {
		id, kind := uint64(m.ID), raftpb.ConfChangeAddNode
		if m.IsLearner {
			kind = raftpb.ConfChangeAddLearnerNode
			conf.Learners = append(conf.Learners, id)
		} else {
			conf.Voters = append(conf.Voters, id)
		}
		about, err := json.Marshal(m)
		if err != nil {
			return nil, nil, err
		}
		change, err := proto.Marshal(&raftpb.ConfChange{Type: kind.Enum(), NodeId: new(id), Context: about})
		if err != nil {
			return nil, nil, err
		}
		entries = append(entries, &raftpb.Entry{
			Type:  raftpb.EntryConfChange.Enum(),
			Term:  new(uint64(raftTerm)),
			Index: new(uint64(i + 1)),
			Data:  change,
		})
	}
	return entries, conf, nil
}

// writeSnap writes the raft snapshot. Its data is the v2 store, from which
// servers up to 3.5 take the members.
func (b *builder) writeSnap(dir string, index uint64, conf *raftpb.ConfState) error {
	store := v2store.New(storeClusterPrefix, storeKeysPrefix)
	b.cluster.Store(store)
	return writeSnapshot(dir, store, raftlog.Mark{Index: index, Term: raftTerm}, conf)
}
