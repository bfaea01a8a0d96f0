package snapshot

import (
	"bytes"
	"context"
	"encoding/binary"

	"google.golang.org/protobuf/encoding/protowire"

	"etcdkit/snapshot/internal/wire"
)

// Lease is a lease in a file (server/lease/leasepb), in seconds.
type Lease struct {
	ID, TTL   int64
	Remaining int64 // at the last checkpoint; 0 if there was none
}

// ParseLease decodes the value of a lease.
func ParseLease(b []byte) (Lease, error) {
	var id, granted, remaining uint64
	err := wire.Numbers(b, map[protowire.Number]*uint64{1: &id, 2: &granted, 3: &remaining})
	return Lease{int64(id), int64(granted), int64(remaining)}, err
}

// Key is the lease's key in its bucket.
func (l Lease) Key() []byte { return binary.BigEndian.AppendUint64(nil, uint64(l.ID)) }

// Append appends the value of the lease to b, as a server writes it.
func (l Lease) Append(b []byte) []byte {
	for i, n := range []int64{l.ID, l.TTL, l.Remaining} {
		if n != 0 {
			b = protowire.AppendVarint(protowire.AppendTag(b, protowire.Number(i+1), protowire.VarintType), uint64(n))
		}
	}
	return b
}

// Leases returns all leases by id. There are as many in memory as there are
// leases.
func (f *File) Leases(ctx context.Context) ([]Lease, error) {
	var all []Lease
	err := f.Each(ctx, leaseBucket, func(key, value []byte) error {
		damage := func(detail string) error {
			return &CorruptError{Page: NoPage, Bucket: leaseBucket, Key: bytes.Clone(key), Detail: detail}
		}
		l, err := ParseLease(value)
		if err != nil {
			return damage("cannot unmarshal: " + err.Error())
		}
		if !bytes.Equal(key, l.Key()) {
			return damage("the lease has another id than its key")
		}
		all = append(all, l)
		return nil
	})
	return all, err
}
