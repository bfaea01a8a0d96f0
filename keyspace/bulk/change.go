package bulk

import clientv3 "go.etcd.io/etcd/client/v3"

// Change is the change to one key. Put, Delete and DeleteAt make one. The
// change owns its slices.
type Change struct {
	key, value []byte
	lease      int64
	origin     int64
	delete     bool
	seen       int64 // the revision that a key to delete has to have; 0: any
}

// Put writes a key. A lease other than 0 is one in the caller's terms, which
// [Leases] turns into one of the cluster.
func Put(key, value []byte, lease int64) Change {
	return Change{key: key, value: value, lease: lease}
}

// Delete deletes a key.
func Delete(key []byte) Change { return Change{key: key, delete: true} }

// DeleteAt deletes a key that was last written at a revision, and leaves it
// alone where that has changed. It needs the permission to read the key.
func DeleteAt(key []byte, seen int64) Change { return Change{key: key, delete: true, seen: seen} }

// From returns the change with a note of where it comes from, such as a line's
// number.
func (c Change) From(origin int64) Change {
	c.origin = origin
	return c
}

// Origin returns the value that From recorded.
func (c Change) Origin() int64 { return c.origin }

// Key returns the key. It is not to be modified.
func (c Change) Key() []byte { return c.key }

// Size returns the bytes of key and value.
func (c Change) Size() int { return len(c.key) + len(c.value) }

// overhead is more than a request adds to a key and its value, in bytes: tags,
// lengths and a lease.
const overhead = 40

func (c Change) size() int {
	if c.seen > 0 { // the key comes twice
		return 2 * (len(c.key) + overhead)
	}
	return len(c.key) + len(c.value) + overhead
}

// guard returns the operations that a transaction has by the server's count
// besides its changes, if this is one of them.
func (c Change) guard() int {
	if c.seen > 0 {
		return 1
	}
	return 0
}

// op turns the change into a request. The lease is the cluster's.
func (c Change) op(lease clientv3.LeaseID) clientv3.Op {
	if c.delete {
		del := clientv3.OpDelete(string(c.key))
		if c.seen == 0 {
			return del
		}
		return clientv3.OpTxn([]clientv3.Cmp{clientv3.Compare(clientv3.ModRevision(string(c.key)), "=", c.seen)}, []clientv3.Op{del}, nil)
	}
	return clientv3.OpPut(string(c.key), string(c.value), clientv3.WithLease(lease))
}

// Limits bound the size of one transaction.
type Limits struct {
	Ops   int // 0 is as many as the bytes allow
	Bytes int // 0 is DefaultBytes
}

// The limits of a server that was not told otherwise are 128 operations
// (--max-txn-ops) and 1.5 MiB (--max-request-bytes), of which the request's
// frame takes a little.
const (
	DefaultOps   = 128
	DefaultBytes = 1 << 20
)

func (l Limits) allow(ops, bytes int) bool {
	return (l.Ops <= 0 || ops <= l.Ops) && bytes <= l.Bytes
}

// Batch collects the changes of one transaction; [Committer.Batch] makes one.
// It must not be used concurrently.
type Batch struct {
	limits  Limits
	changes []Change
	bytes   int
	guard   int // of all changes together
	keys    map[string]struct{}
}

// Add adds changes that belong in one transaction and reports whether it did.
// It adds none of them if the batch would exceed its limits or would contain a
// key twice, which a transaction does not allow. An empty batch accepts them
// whatever their size; [Committer.Commit] then splits them into several
// transactions.
func (b *Batch) Add(changes ...Change) bool {
	if len(b.changes) > 0 && !b.fits(changes) {
		return false
	}
	for _, c := range changes {
		b.changes = append(b.changes, c)
		b.bytes += c.size()
		b.guard = max(b.guard, c.guard())
		b.keys[string(c.key)] = struct{}{}
	}
	return true
}

func (b *Batch) fits(changes []Change) bool {
	bytes, guard := b.bytes, b.guard
	for _, c := range changes {
		bytes += c.size()
		guard = max(guard, c.guard())
		if _, there := b.keys[string(c.key)]; there {
			return false
		}
	}
	return b.limits.allow(len(b.changes)+len(changes)+guard, bytes)
}

// Len returns how many changes the batch has.
func (b *Batch) Len() int { return len(b.changes) }

// Take returns the changes and leaves the batch empty.
func (b *Batch) Take() []Change {
	changes := b.changes
	b.changes, b.bytes, b.guard = nil, 0, 0
	clear(b.keys)
	return changes
}
