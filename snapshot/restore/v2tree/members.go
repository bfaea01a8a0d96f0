package v2tree

import (
	"encoding/json"
	"fmt"
	"path"

	"go.etcd.io/etcd/client/pkg/v3/types"
	"go.etcd.io/etcd/server/v3/etcdserver/api/membership"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v2store"
	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"
)

// confChange changes the members (server/etcdserver, server.go:
// applyConfChange; api/membership, cluster.go, storev2.go). Each change that
// the server lets pass moves the index of the tree.
func (r *replay) confChange(data []byte) error {
	var cc raftpb.ConfChange
	if err := proto.Unmarshal(data, &cc); err != nil {
		return err
	}
	id := types.ID(cc.GetNodeId())
	members, removed := membership.MembersFromStore(r.lg, r.store)
	if removed[id] {
		return nil
	}
	switch cc.GetType() {
	case raftpb.ConfChangeAddNode, raftpb.ConfChangeAddLearnerNode:
		return r.addMember(members, cc.GetContext())
	case raftpb.ConfChangeRemoveNode:
		if members[id] == nil {
			return nil
		}
		_, _ = r.store.Delete(membership.MemberStoreKey(id), true, true)
		_, _ = r.store.Create(membership.RemovedMemberStoreKey(id), false, "", false, v2store.TTLOptionSet{})
		return nil
	case raftpb.ConfChangeUpdateNode:
		var about membership.Member
		if err := json.Unmarshal(cc.GetContext(), &about); err != nil {
			return err
		}
		m := members[id]
		if m == nil || taken(members, id, about.PeerURLs) {
			return nil
		}
		m.PeerURLs = about.PeerURLs
		return r.saveMember(m, r.update)
	}
	return fmt.Errorf("a change of members of type %d", cc.GetType())
}

func (r *replay) addMember(members map[types.ID]*membership.Member, about []byte) error {
	var added membership.ConfigChangeContext
	if err := json.Unmarshal(about, &added); err != nil {
		return err
	}
	m := members[added.ID]
	switch {
	case !added.IsPromote && m == nil && !taken(members, added.ID, added.PeerURLs):
		return r.saveMember(&added.Member, r.create)
	case added.IsPromote && m != nil && m.IsLearner:
		m.IsLearner = false
		return r.saveMember(m, r.update)
	}
	return nil
}

// taken reports whether another member has one of the URLs.
func taken(members map[types.ID]*membership.Member, id types.ID, urls []string) bool {
	seen := map[string]bool{}
	for _, m := range members {
		if m.ID != id {
			for _, u := range m.PeerURLs {
				seen[u] = true
			}
		}
	}
	for _, u := range urls {
		if seen[u] {
			return true
		}
	}
	return false
}

func (r *replay) saveMember(m *membership.Member, save func(key, value string)) error {
	b, err := json.Marshal(m.RaftAttributes)
	if err != nil {
		return err
	}
	save(path.Join(membership.MemberStoreKey(m.ID), "raftAttributes"), string(b))
	return nil
}

func (r *replay) create(key, value string) {
	_, _ = r.store.Create(key, false, value, false, v2store.TTLOptionSet{})
}

func (r *replay) update(key, value string) {
	_, _ = r.store.Update(key, value, v2store.TTLOptionSet{})
}

// attributesAt takes a member's name and URLs from a request of v2.
func (r *replay) attributesAt(key, value string) error {
	var about membership.Attributes
	if err := json.Unmarshal([]byte(value), &about); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	id, err := types.IDFromString(path.Base(path.Dir(key)))
	if err != nil {
		return err
	}
	r.attributes(id, about)
	return nil
}

// attributes notes the name and the URLs of a member, if it is one.
func (r *replay) attributes(id types.ID, about membership.Attributes) {
	members, _ := membership.MembersFromStore(r.lg, r.store)
	if members[id] == nil {
		return
	}
	if b, err := json.Marshal(about); err == nil {
		_, _ = r.store.Set(membership.MemberAttributesStorePath(id), false, string(b), v2store.TTLOptionSet{})
	}
}
