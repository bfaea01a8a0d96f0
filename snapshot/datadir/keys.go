package datadir

import (
	"bytes"
	"slices"
	"strings"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/snapshot"
	"etcdkit/snapshot/bolt"
)

// keys is the state of all keys that the entries reach.
type keys struct {
	rev       int64 // the latest one
	compacted int64
	items     map[string]*item
	sorted    []*item
	changes   []bolt.Change // records that were written
	records   *bolt.Reader  // of the database; nil if it has none
	leases    *leases
	sub       int64 // changes of the transaction that is being written
}

// item is a key that exists or will exist.
type item struct {
	key     string
	live    bool
	rev     snapshot.Revision
	create  int64
	version int64
	lease   int64
	place   bolt.Place // of its record in the database
	change  int        // number of its record among the changes, counted from 1
}

// value returns the item's value.
func (k *keys) value(i *item) ([]byte, error) {
	var b []byte
	if i.change > 0 {
		b = k.changes[i.change-1].Value
	} else {
		var err error
		var ok bool
		if b, ok, err = k.records.Value(i.place); err != nil || !ok {
			return nil, err
		}
	}
	r, err := snapshot.ParseRecord(b)
	return bytes.Clone(r.Value), err
}

// get returns a key that exists, nil if it does not.
func (k *keys) get(key []byte) *item {
	if i := k.items[string(key)]; i != nil && i.live {
		return i
	}
	return nil
}

// within returns the keys of a request's range that exist, in their order.
func (k *keys) within(key, end []byte) []*item {
	s, ok := spanOf(key, end)
	if !ok {
		if i := k.get(key); i != nil {
			return []*item{i}
		}
		return nil
	}
	var all []*item
	first, _ := slices.BinarySearchFunc(k.sorted, string(s.from), func(i *item, key string) int { return strings.Compare(i.key, key) })
	for _, i := range k.sorted[first:] {
		if len(s.below) > 0 && i.key >= string(s.below) {
			break
		}
		if i.live {
			all = append(all, i)
		}
	}
	return all
}

// write ends a transaction: a revision is used if something was changed.
func (k *keys) write() {
	if k.sub > 0 {
		k.rev++
	}
	k.sub = 0
}

// next returns the revision of the next change of the transaction.
func (k *keys) next() snapshot.Revision {
	k.sub++
	return snapshot.Revision{Main: k.rev + 1, Sub: k.sub - 1}
}

// put writes a key.
func (k *keys) put(key, value []byte, lease int64) {
	i := k.items[string(key)]
	rev := k.next()
	from := i.lease
	if !i.live {
		i.create, i.version, from = rev.Main, 0, 0
	}
	i.live, i.rev, i.lease = true, rev, lease
	i.version++
	r := snapshot.Record{Key: key, Value: value, Create: i.create, Mod: rev.Main, Version: i.version, LeaseID: lease}
	k.changes = append(k.changes, bolt.Change{Key: rev.AppendKey(nil), Value: r.Append(nil)})
	i.change = len(k.changes)
	k.leases.move(i.key, from, lease)
}

// delete deletes a key that exists.
func (k *keys) delete(i *item) {
	rev := k.next()
	rev.Tombstone = true
	k.changes = append(k.changes, bolt.Change{Key: rev.AppendKey(nil), Value: snapshot.Record{Key: []byte(i.key)}.Append(nil)})
	k.leases.move(i.key, i.lease, 0)
	i.live, i.rev, i.lease, i.change = false, rev, 0, len(k.changes)
}

// put applies a put. It reports by changing nothing that the server refuses it.
func (a *applier) put(h *pb.RequestHeader, r *pb.PutRequest) error {
	if a.alarms.corrupt() || a.alarms.noSpace() {
		return nil
	}
	if ok, err := a.mayPut(h, r); err != nil || !ok {
		return err
	}
	if ok, err := a.canPut(r); err != nil || !ok {
		return err
	}
	err := a.write(r)
	a.keys.write()
	return err
}

// canPut reports whether the server accepts a put: its lease exists, and so does
// the key if something of it is kept.
func (a *applier) canPut(r *pb.PutRequest) (bool, error) {
	if r.Lease != 0 {
		if ok, err := a.leases.exists(r.Lease); err != nil || !ok {
			return false, err
		}
	}
	return !r.IgnoreValue && !r.IgnoreLease || a.keys.get(r.Key) != nil, nil
}

// write writes the key of a put that is accepted.
func (a *applier) write(r *pb.PutRequest) error {
	value, id := r.Value, r.Lease
	old := a.keys.get(r.Key)
	if old != nil && r.IgnoreValue {
		var err error
		if value, err = a.keys.value(old); err != nil {
			return err
		}
	}
	if old != nil && r.IgnoreLease {
		id = old.lease
	}
	a.keys.put(r.Key, value, id)
	return nil
}

func (a *applier) deleteRange(h *pb.RequestHeader, r *pb.DeleteRangeRequest) error {
	if a.alarms.corrupt() {
		return nil
	}
	if ok, err := a.mayDelete(h, r); err != nil || !ok {
		return err
	}
	a.remove(r)
	a.keys.write()
	return nil
}

func (a *applier) remove(r *pb.DeleteRangeRequest) {
	for _, i := range a.keys.within(r.Key, r.RangeEnd) {
		a.keys.delete(i)
	}
}

// compact schedules a compaction, as a server does before it begins.
func (a *applier) compact(rev int64) error {
	if a.alarms.corrupt() || rev <= a.keys.compacted || rev > a.keys.rev {
		return nil
	}
	a.keys.compacted = rev
	a.store.put(snapshot.MetaBucket, scheduledKey, snapshot.Revision{Main: rev}.AppendKey(nil))
	return nil
}

// revoke ends a lease and deletes its keys, in the order of their names.
func (a *applier) revoke(h *pb.RequestHeader, id int64) error {
	if a.alarms.corrupt() {
		return nil
	}
	if ok, err := a.leases.exists(id); err != nil || !ok {
		return err
	}
	if ok, err := a.mayUseLease(h, id); err != nil || !ok {
		return err
	}
	for _, key := range a.leases.attached(id) {
		a.keys.delete(a.keys.items[key])
	}
	delete(a.leases.keys, id)
	a.store.delete(leaseBucket, leaseKey(id))
	a.keys.write()
	return nil
}
