package restore

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/client/pkg/v3/types"
	"go.etcd.io/etcd/server/v3/etcdserver/api/membership"
	"go.etcd.io/etcd/server/v3/etcdserver/api/snap"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v2store"
	"go.etcd.io/etcd/server/v3/storage/wal"
	"go.etcd.io/etcd/server/v3/storage/wal/walpb"
	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"
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
	// First of all, as the WAL's next segment may take what room is left.
	if err := b.writeSnap(d.snap, commit, conf); err != nil {
		return fmt.Errorf("write the raft snapshot: %w", err)
	}
	w, err := wal.Create(b.lg, d.wal, metadata)
	if err != nil {
		return fmt.Errorf("create the WAL: %w", err)
	}
	defer func() { err = errors.Join(err, w.Close(), removeSpare(d.wal)) }()
	state := &raftpb.HardState{Term: new(uint64(raftTerm)), Vote: new(conf.Voters[0]), Commit: new(commit)}
	if err := w.Save(state, entries); err != nil {
		return fmt.Errorf("write the WAL: %w", err)
	}
	mark := &walpb.Snapshot{Index: new(commit), Term: new(uint64(raftTerm)), ConfState: conf}
	if err := w.SaveSnapshot(mark); err != nil {
		return fmt.Errorf("write the WAL: %w", err)
	}
	return nil
}

// removeSpare removes the next segment, which etcd prepares in the background
// and leaves where the disk is too small for it.
func removeSpare(dir string) error {
	spare, err := filepath.Glob(filepath.Join(dir, "*.tmp"))
	for _, path := range spare {
		err = errors.Join(err, os.Remove(path))
	}
	return err
}

// additions are the entries that add the members, and what they come to.
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
	data, err := store.SaveNoCopy()
	if err != nil {
		return err
	}
	return snap.New(b.lg, dir).SaveSnap(&raftpb.Snapshot{
		Data:     data,
		Metadata: &raftpb.SnapshotMetadata{Index: new(index), Term: new(uint64(raftTerm)), ConfState: conf},
	})
}
