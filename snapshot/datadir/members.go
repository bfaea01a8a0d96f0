package datadir

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/coreos/go-semver/semver"
	"go.etcd.io/etcd/api/v3/membershippb"
	"google.golang.org/protobuf/encoding/protowire"

	"etcdkit/snapshot"
	"etcdkit/snapshot/internal/wire"
	"etcdkit/snapshot/raftlog"
)

// Types of changes of the configuration (raft/raftpb, raft.proto).
const (
	addNode    = 0
	removeNode = 1
	updateNode = 2
	addLearner = 3
)

// confChange is a raftpb.ConfChange with the member that etcd puts into it.
type confChange struct {
	kind, node uint64
	context    memberContext
}

// memberContext is membership.ConfigChangeContext.
type memberContext struct {
	member
	Promote bool `json:"isPromote"`
}

// member is membership.Member as a server stores it.
type member struct {
	ID        uint64   `json:"id"`
	PeerURLs  []string `json:"peerURLs"`
	IsLearner bool     `json:"isLearner,omitempty"`
	attributes
}

// attributes are those that a member publishes itself.
type attributes struct {
	Name       string   `json:"name,omitempty"`
	ClientURLs []string `json:"clientURLs,omitempty"`
}

func parseConfChange(b []byte) (*confChange, error) {
	c := &confChange{}
	var context []byte
	err := wire.Fields(b, func(f wire.Field) error {
		switch {
		case f.Num == 2 && f.Type == protowire.VarintType:
			c.kind = f.Varint
		case f.Num == 3 && f.Type == protowire.VarintType:
			c.node = f.Varint
		case f.Num == 4 && f.Type == protowire.BytesType:
			context = f.Bytes
		}
		return nil
	})
	if err != nil || c.kind == removeNode {
		return c, err
	}
	if c.kind > addLearner {
		return c, fmt.Errorf("a change of the configuration of type %d", c.kind)
	}
	if err := json.Unmarshal(context, &c.context); err != nil {
		return c, fmt.Errorf("the member in a change of the configuration: %w", err)
	}
	return c, nil
}

// members are those of the cluster.
type members struct {
	store *store
	limit int // learners that may exist
}

// setLimit takes the number of learners for the limit if it is above the default.
func (m *members) setLimit() error {
	all, err := m.all()
	m.limit = 1
	learners := 0
	for _, one := range all {
		if one.IsLearner {
			learners++
		}
	}
	m.limit = max(m.limit, learners)
	return err
}

func memberKey(id uint64) string { return strconv.FormatUint(id, 16) }

func (m *members) all() ([]member, error) {
	var all []member
	err := m.store.each(membersBucket, func(key string, value []byte) error {
		var one member
		if err := json.Unmarshal(value, &one); err != nil {
			return broken(membersBucket, key, err)
		}
		all = append(all, one)
		return nil
	})
	slices.SortFunc(all, func(a, b member) int { return strings.Compare(memberKey(a.ID), memberKey(b.ID)) })
	return all, err
}

func (m *members) get(id uint64) (one member, ok bool, err error) {
	b, ok, err := m.store.get(membersBucket, memberKey(id))
	if err != nil || !ok {
		return one, false, err
	}
	if err := json.Unmarshal(b, &one); err != nil {
		return one, false, broken(membersBucket, memberKey(id), err)
	}
	return one, true, nil
}

func (m *members) save(one member) error {
	b, err := json.Marshal(one)
	if err == nil {
		m.store.put(membersBucket, memberKey(one.ID), b)
	}
	return err
}

// list returns the members for those outside.
func (m *members) list() ([]Member, error) {
	all, err := m.all()
	list := make([]Member, len(all))
	for i, one := range all {
		list[i] = Member{ID: one.ID, Name: one.Name, PeerURLs: one.PeerURLs, ClientURLs: one.ClientURLs, Learner: one.IsLearner}
	}
	return list, err
}

// voters counts the voting members.
func (m *members) voters() (int, error) {
	all, err := m.all()
	return len(all) - count(all, learner), err
}

func learner(m member) bool { return m.IsLearner }

func count(all []member, is func(member) bool) int {
	n := 0
	for _, m := range all {
		if is(m) {
			n++
		}
	}
	return n
}

// has checks that the WAL's member is, or was, one of the cluster's.
func (m *members) has(id uint64, log *raftlog.Log) error {
	if _, ok, err := m.get(id); err != nil || ok {
		return err
	}
	if _, ok, err := m.store.get(removedBucket, memberKey(id)); err != nil || ok {
		return err
	}
	all, err := m.all()
	if err != nil || len(all) == 0 { // of a member that has not joined yet
		return err
	}
	return &raftlog.DamageError{File: log.Dir(), Offset: raftlog.NoOffset,
		Detail: fmt.Sprintf("the WAL is that of member %x, which the cluster in %s does not have: is it another cluster's?", id, m.store.file.Path())}
}

// apply applies a change of the configuration, unless the server refuses it.
func (m *members) apply(c *confChange) error {
	ok, err := m.accepts(c)
	if err != nil || !ok {
		return err
	}
	one := c.context.member
	switch {
	case c.kind == removeNode:
		m.store.delete(membersBucket, memberKey(c.node))
		m.store.put(removedBucket, memberKey(c.node), []byte("removed"))
	case c.kind == updateNode || c.context.Promote:
		old, _, err := m.get(c.node)
		if err != nil {
			return err
		}
		if c.context.Promote {
			old.IsLearner = false
		} else {
			old.PeerURLs = one.PeerURLs
		}
		if err := m.save(old); err != nil {
			return err
		}
	default:
		if err := m.save(one); err != nil {
			return err
		}
	}
	return m.setConfState()
}

// accepts reports whether the server accepts a change.
func (m *members) accepts(c *confChange) (bool, error) {
	if _, removed, err := m.store.get(removedBucket, memberKey(c.node)); err != nil || removed {
		return false, err
	}
	old, exists, err := m.get(c.node)
	if err != nil {
		return false, err
	}
	switch {
	case c.kind == removeNode:
		return exists, nil
	case c.kind == updateNode:
		return exists && m.freeURLs(c), nil
	case c.context.Promote:
		return exists && old.IsLearner, nil
	}
	if exists || !m.freeURLs(c) {
		return false, nil
	}
	if c.context.IsLearner && c.kind == addLearner {
		all, err := m.all()
		return count(all, learner) < m.limit, err
	}
	return true, nil
}

// freeURLs reports whether no other member has the peer URLs of a change.
func (m *members) freeURLs(c *confChange) bool {
	all, err := m.all()
	return err == nil && !slices.ContainsFunc(all, func(one member) bool {
		return one.ID != c.node && slices.ContainsFunc(one.PeerURLs, func(u string) bool { return slices.Contains(c.context.PeerURLs, u) })
	})
}

// attributes stores what a member has published.
func (m *members) attributes(id uint64, attr attributes) error {
	one, ok, err := m.get(id)
	if err != nil || !ok {
		return err
	}
	one.attributes = attr
	return m.save(one)
}

// v2Attributes is attributes for a request of v2.
func (m *members) v2Attributes(r *raftlog.Request) error {
	id, err := strconv.ParseUint(path.Base(path.Dir(r.Path)), 16, 64)
	if err != nil {
		return fmt.Errorf("member %q: %w", r.Path, err)
	}
	var attr attributes
	if err := json.Unmarshal([]byte(r.Value), &attr); err != nil {
		return fmt.Errorf("attributes of member %x: %w", id, err)
	}
	return m.attributes(id, attr)
}

// confState is a raftpb.ConfState as servers store it.
type confState struct {
	Voters         []uint64 `json:"voters,omitempty"`
	Learners       []uint64 `json:"learners,omitempty"`
	VotersOutgoing []uint64 `json:"voters_outgoing,omitempty"`
	LearnersNext   []uint64 `json:"learners_next,omitempty"`
	AutoLeave      bool     `json:"auto_leave"`
}

// setConfState stores raft's configuration, if the server stores it at all, which
// is since 3.5.
func (m *members) setConfState() error {
	if _, ok, err := m.store.get(snapshot.MetaBucket, confStateKey); err != nil || !ok {
		return err
	}
	all, err := m.all()
	if err != nil {
		return err
	}
	var s confState
	for _, one := range all {
		if one.IsLearner {
			s.Learners = append(s.Learners, one.ID)
		} else {
			s.Voters = append(s.Voters, one.ID)
		}
	}
	slices.Sort(s.Voters)
	slices.Sort(s.Learners)
	b, err := json.Marshal(s)
	if err == nil {
		m.store.put(snapshot.MetaBucket, confStateKey, b)
	}
	return err
}

// before36 reports whether the cluster's version is below 3.6.
func (a *applier) before36() (bool, error) {
	b, ok, err := a.store.get(clusterBucket, clusterVersionKey)
	if err != nil || !ok {
		return false, err
	}
	v, err := semver.NewVersion(string(b))
	if err != nil {
		return false, broken(clusterBucket, clusterVersionKey, err)
	}
	return v.LessThan(semver.Version{Major: 3, Minor: 6}), nil
}

// setDowngrade stores which version the cluster is being downgraded to.
func (a *applier) setDowngrade(r *membershippb.DowngradeInfoSetRequest) error {
	info := struct {
		Target  string `json:"target-version"`
		Enabled bool   `json:"enabled"`
	}{Enabled: r.Enabled}
	if r.Enabled {
		info.Target = r.Ver
	}
	b, err := json.Marshal(info)
	if err == nil {
		a.store.put(clusterBucket, downgradeKey, b)
	}
	return err
}
