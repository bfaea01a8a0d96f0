package snapshot

import "google.golang.org/protobuf/encoding/protowire"

// Record is the value of a record in the "key" bucket: an mvccpb.KeyValue. That
// of a deletion has the key alone.
type Record struct {
	Key, Value                    []byte
	Create, Mod, Version, LeaseID int64
}

// ParseRecord decodes the value of a record. Key and Value point into b.
func ParseRecord(b []byte) (Record, error) {
	var r record
	err := parseRecord(b, &r)
	return Record{Key: r.key, Value: r.value, Create: r.create, Mod: r.mod, Version: r.version, LeaseID: r.lease}, err
}

// Append appends the record to b, as a server writes it.
func (r Record) Append(b []byte) []byte {
	b = appendBytes(b, tagKey, r.Key)
	b = appendInt(b, tagCreate, r.Create)
	b = appendInt(b, tagMod, r.Mod)
	b = appendInt(b, tagVersion, r.Version)
	b = appendBytes(b, tagValue, r.Value)
	return appendInt(b, tagLease, r.LeaseID)
}

func appendBytes(b []byte, tag byte, v []byte) []byte {
	if len(v) == 0 {
		return b
	}
	return protowire.AppendBytes(append(b, tag), v)
}

func appendInt(b []byte, tag byte, v int64) []byte {
	if v == 0 {
		return b
	}
	return protowire.AppendVarint(append(b, tag), uint64(v))
}
