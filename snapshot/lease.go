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

// Leases returns all leases by id. There are as many in memory as there are
// leases.
func (f *File) Leases(ctx context.Context) ([]Lease, error) {
	var all []Lease
	err := f.Each(ctx, leaseBucket, func(key, value []byte) error {
		damage := func(detail string) error {
			return &CorruptError{Page: NoPage, Bucket: leaseBucket, Key: bytes.Clone(key), Detail: detail}
		}
		var id, granted, remaining uint64
		if err := wire.Numbers(value, map[protowire.Number]*uint64{1: &id, 2: &granted, 3: &remaining}); err != nil {
			return damage("cannot unmarshal: " + err.Error())
		}
		if len(key) != 8 || binary.BigEndian.Uint64(key) != id {
			return damage("the lease has another id than its key")
		}
		all = append(all, Lease{int64(id), int64(granted), int64(remaining)})
		return nil
	})
	return all, err
}
