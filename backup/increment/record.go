package increment

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"time"

	"etcdkit/backup/pack"
)

// Record is a record of the key bucket of a database.
type Record struct {
	Main      int64 // the revision
	Sub       int64 // the place within the revision, from 0 on
	Tombstone bool  // the key was deleted
	Value     []byte
	// Value is the marshalled mvccpb.KeyValue, for a tombstone with its key only.
}

// The length of a record's key in the bucket: two numbers of 8 bytes and a "_"
// between them, and a "t" for a tombstone.
const (
	keyLen       = 17
	tombstoneLen = keyLen + 1
)

// AppendKey appends the record's key in the bucket.
func (r Record) AppendKey(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(r.Main)) //nolint:gosec // revisions are not negative
	b = append(b, '_')
	b = binary.BigEndian.AppendUint64(b, uint64(r.Sub)) //nolint:gosec // as above
	if r.Tombstone {
		b = append(b, 't')
	}
	return b
}

// Sum is the sha256 of the key and the value, in hexadecimal.
func (r Record) Sum() string {
	sum := sha256.Sum256(append(r.AppendKey(nil), r.Value...))
	return hex.EncodeToString(sum[:])
}

// parseKey is the reverse of AppendKey.
func parseKey(b []byte) (r Record, err error) {
	if len(b) != keyLen && len(b) != tombstoneLen || b[8] != '_' || len(b) == tombstoneLen && b[keyLen] != 't' {
		return r, pack.Damaged("no key of a record: %x", b)
	}
	r.Main = int64(binary.BigEndian.Uint64(b))    //nolint:gosec // the order is checked
	r.Sub = int64(binary.BigEndian.Uint64(b[9:])) //nolint:gosec // the order is checked
	r.Tombstone = len(b) == tombstoneLen
	return r, nil
}

// order checks that records are whole revisions: each begins with sub 0 and has
// every following one, and revisions ascend.
type order struct{ main, sub int64 }

// next checks one more record.
func (o *order) next(r Record) error {
	switch {
	case r.Main == o.main && r.Sub == o.sub+1, r.Main > o.main && r.Sub == 0:
		o.main, o.sub = r.Main, r.Sub
		return nil
	}
	return pack.Damaged("record %d.%d does not follow %d.%d", r.Main, r.Sub, o.main, o.sub)
}

// after is the order that begins after a revision, none of whose records are
// expected any more.
func after(revision int64) order { return order{revision, 1<<63 - 2} }

// Lease is a lease at the end of an increment.
type Lease struct {
	ID      int64
	Granted int64 // the TTL that was granted, in seconds
	// Remaining is how many seconds were left at Asked, or -1 if that is not known.
	Remaining int64
	Asked     time.Time
}

// leaseLen is the size of a stored lease, in bytes.
const leaseLen = 32

func (l Lease) append(b []byte) []byte {
	for _, n := range []int64{l.ID, l.Granted, l.Remaining, l.Asked.UnixMilli()} {
		b = binary.BigEndian.AppendUint64(b, uint64(n)) //nolint:gosec // the bits are what counts
	}
	return b
}

func parseLease(b []byte) Lease {
	n := func(at int) int64 { return int64(binary.BigEndian.Uint64(b[at:])) } //nolint:gosec // as above
	return Lease{ID: n(0), Granted: n(8), Remaining: n(16), Asked: time.UnixMilli(n(24)).UTC()}
}
