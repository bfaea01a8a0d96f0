package restore

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"syscall"

	bolt "go.etcd.io/bbolt"
	"go.etcd.io/etcd/server/v3/etcdserver/api/membership"

	"etcdkit/snapshot"
)

// Names of etcd's buckets and of keys in the bucket "meta"
// (server/storage/schema, bucket.go) that a restore writes.
const (
	bucketCluster        = "cluster"
	bucketMembers        = "members"
	bucketMembersRemoved = "members_removed"

	keyScheduledCompact = "scheduledCompactRev"
	keyConsistentIndex  = "consistent_index"
	keyTerm             = "term"
)

// raftTerm is the term of all entries in a new WAL.
const raftTerm = 1

// edit says what to change in the backend besides the members.
type edit struct {
	latest int64 // the latest revision
	bump   bool  // up to which the revision is to be raised
}

// editDB makes the backend that of the new cluster, in one transaction: the
// new members in place of the old ones, the index of the WAL's last entry, and
// the bumped revision, and the changes that were asked for. The file has passed a
// scan.
func (b *builder) editDB(path string, members []*membership.Member, e edit) (changed Changed, err error) {
	db, err := openDB(path, b.cfg.InitialMmapSize)
	if err != nil {
		return changed, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	err = db.Update(func(tx *bolt.Tx) (err error) {
		if err := putMembers(tx, members); err != nil {
			return fmt.Errorf("write members to the backend: %w", err)
		}
		if e.bump {
			if err := bumpRevision(tx, e.latest); err != nil {
				return fmt.Errorf("bump the revision: %w", err)
			}
		}
		if changed, err = b.cfg.Changes.apply(tx); err != nil {
			return err
		}
		return putIndex(tx, uint64(len(members)), raftTerm)
	})
	return changed, err
}

// openDB opens a backend that is still being built, or makes an empty one.
func openDB(path string, mmapSize uint64) (*bolt.DB, error) {
	if mmapSize > math.MaxInt { // upstream's takes it for a negative number, and so for none
		mmapSize = 0
	}
	db, err := bolt.Open(path, 0o600, &bolt.Options{
		FreelistType:    bolt.FreelistMapType,
		InitialMmapSize: int(mmapSize),
		NoFreelistSync:  true, // as etcd keeps it
		NoGrowSync:      true, // the directory is synced as a whole
		NoSync:          true,
		NoStatistics:    true,
	})
	if errors.Is(err, syscall.ENOMEM) && mmapSize > 0 {
		return nil, fmt.Errorf("open the backend: no room for %d bytes of address space: reserve less with --initial-memory-map-size: %w", mmapSize, err)
	}
	if err != nil {
		return nil, fmt.Errorf("open the backend: %w", err)
	}
	return db, nil
}

// putMembers replaces the members, and forgets those that were removed from
// the old cluster.
func putMembers(tx *bolt.Tx, members []*membership.Member) error {
	for _, name := range []string{bucketMembers, bucketMembersRemoved} {
		if tx.Bucket([]byte(name)) != nil {
			if err := tx.DeleteBucket([]byte(name)); err != nil {
				return err
			}
		}
		if _, err := tx.CreateBucket([]byte(name)); err != nil {
			return err
		}
	}
	if _, err := tx.CreateBucketIfNotExists([]byte(bucketCluster)); err != nil {
		return err
	}
	for _, m := range members {
		v, err := json.Marshal(m)
		if err != nil {
			return err
		}
		if err := tx.Bucket([]byte(bucketMembers)).Put([]byte(m.ID.String()), v); err != nil {
			return err
		}
	}
	return nil
}

// bumpRevision adds an empty record at the revision, and asks the server to
// compact up to it.
func bumpRevision(tx *bolt.Tx, latest int64) error {
	keys, err := tx.CreateBucketIfNotExists([]byte(snapshot.KeyBucket))
	if err != nil {
		return err
	}
	key := snapshot.Revision{Main: latest}.AppendKey(nil)
	if err := keys.Put(key, []byte{}); err != nil {
		return err
	}
	return putMeta(tx, keyScheduledCompact, key)
}

// putIndex says that the entries of the WAL up to an index have been applied.
func putIndex(tx *bolt.Tx, index, term uint64) error {
	if err := putMeta(tx, keyConsistentIndex, binary.BigEndian.AppendUint64(nil, index)); err != nil {
		return err
	}
	return putMeta(tx, keyTerm, binary.BigEndian.AppendUint64(nil, term))
}

func putMeta(tx *bolt.Tx, key string, value []byte) error {
	b, err := tx.CreateBucketIfNotExists([]byte(snapshot.MetaBucket))
	if err != nil {
		return err
	}
	return b.Put([]byte(key), value)
}
