// Package replay brings the database of a snapshot to a later revision, by
// writing the records of the revisions after it.
//
// The events of a watch over all keys, in order, are the records of the bucket
// "key" (server/storage/mvcc: kvstore_txn.go): written there as they are, they
// leave a file that hashes to what a server says at that revision. No server
// replays anything, so no lease expires on the way and no revision can shift.
package replay

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"go.etcd.io/bbolt"

	"etcdkit/snapshot"
)

// The buckets and keys that change (server/storage/schema).
const (
	leaseBucket  = "lease"
	metaBucket   = "meta"
	scheduledKey = "scheduledCompactRev"
	finishedKey  = "finishedCompactRev"
)

// A transaction of bbolt holds what it writes in memory, so that it is ended
// after so many records or bytes.
const (
	batchRecords = 10_000
	batchBytes   = 8 << 20
)

// revisionSize is the size of a revision in a key of the bucket "key": two numbers
// of 8 bytes, and an underscore between them. A tombstone's key ends with a "t".
const revisionSize = 17

// Database is a private copy of the database of a snapshot. It is for one
// goroutine.
type Database struct {
	db      *bbolt.DB
	tx      *bbolt.Tx
	keys    *bbolt.Bucket // of tx
	last    []byte        // revision of the last record
	records int           // in tx
	bytes   int           // in tx
}

// Open opens the database in a file of the caller alone, which has no checksum
// at its end. The caller ends it with Finish or Discard.
func Open(path string) (_ *Database, err error) {
	// The file is private, and whoever loses it begins again: it is synced once.
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second, NoFreelistSync: true, NoSync: true, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return nil, fmt.Errorf("open the copy of the database: %w", err)
	}
	d := &Database{db: db}
	if err := d.begin(); err != nil {
		return nil, errors.Join(err, d.Discard())
	}
	if key, _ := d.keys.Cursor().Last(); len(key) >= revisionSize {
		d.last = bytes.Clone(key[:revisionSize])
	}
	return d, nil
}

func (d *Database) begin() (err error) {
	if d.tx, err = d.db.Begin(true); err != nil {
		return err
	}
	if d.keys = d.tx.Bucket([]byte(snapshot.KeyBucket)); d.keys == nil {
		return fmt.Errorf("the database has no bucket %q", snapshot.KeyBucket)
	}
	d.keys.FillPercent = 1 // records are only appended
	d.records, d.bytes = 0, 0
	return nil
}

// Revision is that of the last record, 0 for a database without records.
func (d *Database) Revision() int64 {
	if d.last == nil {
		return 0
	}
	return int64(binary.BigEndian.Uint64(d.last)) //nolint:gosec // etcd's revisions are int64
}

// Append adds a record: its key in the bucket "key", and its value, which must not
// change until the database is finished. It must follow the last one.
func (d *Database) Append(key, value []byte) error {
	if len(key) < revisionSize {
		return fmt.Errorf("a key of %d bytes is no revision", len(key))
	}
	if bytes.Compare(key[:revisionSize], d.last) <= 0 {
		return fmt.Errorf("revision %x does not follow %x", key[:revisionSize], d.last)
	}
	if d.records == batchRecords || d.bytes > batchBytes {
		if err := d.commit(); err != nil {
			return err
		}
		if err := d.begin(); err != nil {
			return err
		}
	}
	if err := d.keys.Put(key, value); err != nil {
		return fmt.Errorf("write revision %x: %w", key[:revisionSize], err)
	}
	d.last = append(d.last[:0], key[:revisionSize]...)
	d.records++
	d.bytes += len(key) + len(value)
	return nil
}

func (d *Database) commit() error {
	err := d.tx.Commit()
	d.tx = nil
	if err != nil {
		return fmt.Errorf("write the copy of the database: %w", err)
	}
	return nil
}

// End is what the database has at its last revision besides the records.
type End struct {
	// CompactRevision is that of the last compaction, if it is later than the
	// database's own. The server that opens the database carries it out, as it does
	// after a crash, and every reader takes it as done.
	CompactRevision int64
	Leases          []snapshot.Lease // all of them
}

// Finish sets the end and closes the database: the file is then a snapshot, with
// the sha256 of it all at its end.
func (d *Database) Finish(e End) (err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Discard())
		}
	}()
	if err := d.compact(e.CompactRevision); err != nil {
		return err
	}
	if err := d.setLeases(e.Leases); err != nil {
		return err
	}
	if err := d.commit(); err != nil {
		return err
	}
	return d.seal()
}

// seal closes the database, cuts off what the file has grown beyond its pages, and
// ends it with its sha256, as a server ends a snapshot.
func (d *Database) seal() error {
	path, size := d.db.Path(), int64(0)
	err := d.db.View(func(tx *bbolt.Tx) error { size = tx.Size(); return nil })
	err = errors.Join(err, d.db.Close())
	d.db = nil
	if err != nil {
		return err
	}
	if err := os.Truncate(path, size); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	sum := sha256.New()
	if _, err = io.Copy(sum, f); err == nil {
		_, err = f.Write(sum.Sum(nil))
	}
	return errors.Join(err, f.Close())
}

// compact schedules a compaction (server/storage/mvcc: kvstore.go).
func (d *Database) compact(rev int64) error {
	meta := d.tx.Bucket([]byte(metaBucket))
	if meta == nil {
		return fmt.Errorf("the database has no bucket %q", metaBucket)
	}
	key := snapshot.Revision{Main: max(rev, 0)}.AppendKey(nil)
	for _, name := range []string{scheduledKey, finishedKey} {
		if bytes.Compare(key, meta.Get([]byte(name))) <= 0 {
			return nil
		}
	}
	if rev <= 0 {
		return nil
	}
	if rev > d.Revision() {
		return fmt.Errorf("the compact revision %d is above the last revision %d", rev, d.Revision())
	}
	return meta.Put([]byte(scheduledKey), key)
}

// setLeases replaces the leases.
func (d *Database) setLeases(all []snapshot.Lease) error {
	if d.tx.Bucket([]byte(leaseBucket)) != nil {
		if err := d.tx.DeleteBucket([]byte(leaseBucket)); err != nil {
			return err
		}
	}
	b, err := d.tx.CreateBucket([]byte(leaseBucket))
	if err != nil {
		return err
	}
	for _, l := range all {
		if err := b.Put(l.Key(), l.Append(nil)); err != nil {
			return err
		}
	}
	return nil
}

// Discard closes the database. The file is not usable. After Finish it does
// nothing.
func (d *Database) Discard() (err error) {
	if d.tx != nil {
		err = d.tx.Rollback()
		d.tx = nil
	}
	if d.db != nil {
		err = errors.Join(err, d.db.Close())
		d.db = nil
	}
	return err
}
