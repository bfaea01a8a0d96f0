package datadir

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/coreos/go-semver/semver"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/snapshot"
	"etcdkit/snapshot/bolt"
)

// applier applies entries in their order.
type applier struct {
	store   *store
	keys    *keys
	leases  *leases
	auth    *auth
	alarms  *alarms
	members *members
	index   uint64 // of the last entry
	term    uint64
}

// newApplier reads from a database what the entries need.
func newApplier(ctx context.Context, f *snapshot.File, all []entry) (*applier, error) {
	s := newStore(ctx, f)
	a := &applier{store: s, members: &members{store: s}}
	var err error
	if a.auth, err = newAuth(s); err != nil {
		return nil, err
	}
	if a.alarms, err = newAlarms(s); err != nil {
		return nil, err
	}
	if err := a.members.setLimit(); err != nil {
		return nil, err
	}
	a.leases = &leases{store: s, keys: map[int64]map[string]struct{}{}}
	need := needs{auth: a.auth.enabled}
	for _, e := range all {
		need.add(e)
	}
	a.keys, err = loadKeys(ctx, f, a.leases, &need)
	return a, err
}

// layer returns what the entries changed.
func (a *applier) layer() bolt.Layer {
	if a.index > 0 {
		a.store.put(snapshot.MetaBucket, consistentIndexKey, binary.BigEndian.AppendUint64(nil, a.index))
		a.store.put(snapshot.MetaBucket, termKey, binary.BigEndian.AppendUint64(nil, a.term))
	}
	l := a.store.layer()
	if len(a.keys.changes) > 0 {
		l[snapshot.KeyBucket] = a.keys.changes
	}
	return l
}

// apply applies an entry. An error is about the contents of the entry or of the
// database: a request that the server refuses changes nothing and is no error.
func (a *applier) apply(e entry) error {
	a.index, a.term = e.index, e.term
	switch {
	case e.change != nil:
		return a.members.apply(e.change)
	case e.v2 != nil:
		return a.applyV2(e)
	case e.request == nil:
		return nil
	}
	if r := e.request; needsAdmin(r) {
		ok, err := a.auth.admin(r.GetHeader())
		if err != nil || !ok {
			return err
		}
	}
	return a.dispatch(e.request)
}

// applyV2 applies the requests of the v2 interface that servers send themselves,
// about the cluster; they change the v3 store as well.
func (a *applier) applyV2(e entry) error {
	switch r := e.v2; {
	case r.PrevExist != nil || r.PrevIndex > 0 || r.PrevValue != "":
		return nil
	case r.MemberAttributes():
		return a.members.v2Attributes(r)
	case r.ClusterVersion():
		return a.setVersion(r.Value)
	}
	return nil
}

func (a *applier) setVersion(text string) error {
	v, err := semver.NewVersion(text)
	if err != nil {
		return fmt.Errorf("cluster version %q: %w", text, err)
	}
	a.store.put(clusterBucket, clusterVersionKey, []byte(v.String()))
	return nil
}

func (a *applier) dispatch(r *pb.InternalRaftRequest) error {
	switch {
	case r.ClusterVersionSet != nil:
		return a.setVersion(r.ClusterVersionSet.Ver)
	case r.ClusterMemberAttrSet != nil:
		m := r.ClusterMemberAttrSet
		return a.members.attributes(m.Member_ID, attributes{Name: m.MemberAttributes.GetName(), ClientURLs: m.MemberAttributes.GetClientUrls()})
	case r.DowngradeInfoSet != nil:
		return a.setDowngrade(r.DowngradeInfoSet)
	case r.Put != nil:
		return a.put(r.Header, r.Put)
	case r.DeleteRange != nil:
		return a.deleteRange(r.Header, r.DeleteRange)
	case r.Txn != nil:
		return a.txn(r.Header, r.Txn)
	case r.Compaction != nil:
		return a.compact(r.Compaction.Revision)
	case r.LeaseGrant != nil:
		if a.alarms.noSpace() || a.alarms.corrupt() {
			return nil
		}
		return a.leases.grant(r.LeaseGrant)
	case r.LeaseRevoke != nil:
		return a.revoke(r.Header, r.LeaseRevoke.ID)
	case r.LeaseCheckpoint != nil:
		return a.leases.checkpoint(r.LeaseCheckpoint)
	case r.Alarm != nil:
		return a.alarms.apply(r.Alarm)
	}
	return a.auth.apply(r)
}
