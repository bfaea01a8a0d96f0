package restore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	bolt "go.etcd.io/bbolt"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/server/v3/lease/leasepb"
	"google.golang.org/protobuf/proto"
)

// Names of the buckets and keys that Changes edits (server/storage/schema).
const (
	bucketAuth  = "auth"
	bucketAlarm = "alarm"
	bucketLease = "lease"

	keyAuthEnabled  = "authEnabled"
	keyAuthRevision = "authRevision"
)

// heldSeconds is what is left of a lease that is held: some thirty years, which
// a server can still add to the time of day.
const heldSeconds = 1_000_000_000

// Changes says what a restored database has otherwise than the snapshot, besides
// members and revision.
type Changes struct {
	// NoAuth switches authentication off. Users and roles stay.
	NoAuth bool
	// NoSpaceAlarms removes the NOSPACE alarms of all members.
	NoSpaceAlarms bool
	// HoldLeases gives every lease about thirty years before it expires. Its TTL
	// stays, and it counts again from the first time that it is kept alive.
	HoldLeases bool
}

// Changed reports what was changed.
type Changed struct {
	AuthDisabled bool // it was enabled
	Alarms       int  // NOSPACE alarms that were removed
	Leases       int  // leases that are held
}

// apply edits a database that has passed the scan.
func (c Changes) apply(tx *bolt.Tx) (done Changed, err error) {
	if c.NoAuth {
		if done.AuthDisabled, err = disableAuth(tx); err != nil {
			return done, fmt.Errorf("switch authentication off: %w", err)
		}
	}
	if c.NoSpaceAlarms {
		if done.Alarms, err = disarm(tx); err != nil {
			return done, fmt.Errorf("disarm the alarm: %w", err)
		}
	}
	if c.HoldLeases {
		if done.Leases, err = holdLeases(tx); err != nil {
			return done, fmt.Errorf("hold the leases: %w", err)
		}
	}
	return done, nil
}

// disableAuth does what a server does on "auth disable", which also counts as a
// change of users and roles (server/auth, AuthDisable).
func disableAuth(tx *bolt.Tx) (was bool, err error) {
	b := tx.Bucket([]byte(bucketAuth))
	if b == nil || !bytes.Equal(b.Get([]byte(keyAuthEnabled)), []byte{1}) {
		return false, nil
	}
	var rev uint64
	if v := b.Get([]byte(keyAuthRevision)); len(v) == 8 {
		rev = binary.BigEndian.Uint64(v)
	}
	if err := b.Put([]byte(keyAuthRevision), binary.BigEndian.AppendUint64(nil, rev+1)); err != nil {
		return false, err
	}
	return true, b.Put([]byte(keyAuthEnabled), []byte{0})
}

// disarm removes the alarms. A server keeps each as a key without a value: an
// AlarmMember (server/storage/schema, alarm.go).
func disarm(tx *bolt.Tx) (n int, err error) {
	b := tx.Bucket([]byte(bucketAlarm))
	if b == nil {
		return 0, nil
	}
	var full [][]byte
	err = b.ForEach(func(k, _ []byte) error {
		var a etcdserverpb.AlarmMember
		if err := proto.Unmarshal(k, &a); err != nil {
			return err
		}
		if a.GetAlarm() == etcdserverpb.AlarmType_NOSPACE {
			full = append(full, bytes.Clone(k))
		}
		return nil
	})
	for _, k := range full {
		err = errors.Join(err, b.Delete(k))
	}
	return len(full), err
}

// holdLeases writes what is left of each lease. A server that starts counts from
// there (server/lease, initAndRecover).
func holdLeases(tx *bolt.Tx) (n int, err error) {
	b := tx.Bucket([]byte(bucketLease))
	if b == nil {
		return 0, nil
	}
	c := b.Cursor()
	for k, v := c.First(); k != nil; {
		var l leasepb.Lease
		if err := proto.Unmarshal(v, &l); err != nil {
			return n, err
		}
		l.RemainingTTL = heldSeconds
		held, err := proto.Marshal(&l)
		if err != nil {
			return n, err
		}
		next := bytes.Clone(k)
		if err := b.Put(next, held); err != nil {
			return n, err
		}
		n++
		if k, v = c.Seek(next); bytes.Equal(k, next) { // the put may have moved what the cursor is at
			k, v = c.Next()
		}
	}
	return n, nil
}
