package restore

import (
	"context"
	"errors"
	"fmt"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/server/v3/etcdserver/api/membership"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v2store"
	"go.etcd.io/etcd/server/v3/storage/wal/walpb"
	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"etcdkit/snapshot/raftlog"
)

// conf is the membership that the raft snapshot and its mark have: the one
// member of the backup.
func (b *backup) conf() *raftpb.ConfState {
	return &raftpb.ConfState{Voters: []uint64{uint64(b.cluster.MemberByName(backupMember).ID)}}
}

// writeSnap writes the raft snapshot with the cluster taken out of the v2 store
// in it.
func (b *backup) writeSnap(dir string) error {
	store := v2store.New(storeClusterPrefix, storeKeysPrefix)
	if err := store.Recovery(b.snap.Data); err != nil {
		return &raftlog.DamageError{File: b.snap.Path, Offset: raftlog.NoOffset, Detail: fmt.Sprintf("its v2 store: %v", err)}
	}
	members, removed := membership.MembersFromStore(b.lg, store)
	for id := range members {
		if _, err := store.Delete(membership.MemberStoreKey(id), true, true); err != nil {
			return err
		}
	}
	for id := range removed {
		if _, err := store.Delete(membership.RemovedMemberStoreKey(id), true, true); err != nil {
			return err
		}
	}
	b.cluster.Store(store)
	return writeSnapshot(dir, store, b.snap.Mark, b.conf())
}

// writeWAL writes the entries after the raft snapshot. An entry to be omitted
// becomes one without content, as a new leader writes it, so that all indexes
// are unchanged.
func (b *backup) writeWAL(ctx context.Context, dir string) (err error) {
	w, err := raftlog.Create(dir, b.log.Metadata)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	var after uint64
	if b.snap != nil {
		after = b.snap.Index
	}
	err = b.log.Entries(ctx, after, func(e raftlog.Entry) error {
		kept, err := b.entry(e)
		if err != nil {
			return b.log.Bad(e, err)
		}
		b.entries++
		return appendMessage(w, raftlog.Entries, kept)
	})
	if err != nil {
		return err
	}
	st := b.log.State
	if err := appendMessage(w, raftlog.HardStates, &raftpb.HardState{Term: new(st.Term), Vote: new(st.Vote), Commit: new(st.Commit)}); err != nil {
		return err
	}
	if b.snap == nil {
		return nil
	}
	return appendMessage(w, raftlog.Marks, &walpb.Snapshot{Index: new(b.snap.Index), Term: new(b.snap.Term), ConfState: b.conf()})
}

// entry is an entry as the backup has it.
func (b *backup) entry(e raftlog.Entry) (*raftpb.Entry, error) {
	kept := &raftpb.Entry{Type: raftpb.EntryNormal.Enum(), Term: new(e.Term), Index: new(e.Index)}
	if e.Type != raftlog.EntryNormal {
		return kept, nil // a change of the members
	}
	keep, err := b.keeps(e.Data)
	if keep {
		kept.Data = e.Data
	}
	return kept, err
}

// keeps reports whether a request belongs in the backup: one that is not about
// members, and not a v3 request if v3 is excluded.
func (b *backup) keeps(data []byte) (bool, error) {
	v2, err := raftlog.ParseRequest(data)
	if err != nil {
		return false, err
	}
	if v2 != nil {
		return !v2.MemberAttributes(), nil
	}
	var v3 etcdserverpb.InternalRaftRequest
	if err := proto.Unmarshal(data, &v3); err != nil {
		return false, err
	}
	return v3.ClusterMemberAttrSet == nil && (b.cfg.WithV3 || v3.Header == nil), nil
}
