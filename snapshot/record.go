package snapshot

import (
	"encoding/binary"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

const (
	revisionSize  = 8 + 1 + 8
	tombstoneMark = 't'
)

// Revision is the key of a record in the "key" bucket (server/storage/mvcc,
// revision.go): one change of one key.
type Revision struct {
	Main      int64 // of the transaction
	Sub       int64 // of the change within it
	Tombstone bool  // the change is a deletion
}

// ParseRevision decodes the key of a record.
func ParseRevision(key []byte) (Revision, error) {
	if len(key) != revisionSize && len(key) != revisionSize+1 {
		return Revision{}, fmt.Errorf("a revision of %d bytes", len(key))
	}
	if key[8] != '_' {
		return Revision{}, fmt.Errorf("a revision with %q between its numbers", key[8])
	}
	r := Revision{
		Main:      int64(binary.BigEndian.Uint64(key)),
		Sub:       int64(binary.BigEndian.Uint64(key[9:])),
		Tombstone: len(key) > revisionSize && key[revisionSize] == tombstoneMark,
	}
	if r.Main < 0 || r.Sub < 0 {
		return Revision{}, fmt.Errorf("a negative revision: %d, %d", r.Main, r.Sub)
	}
	return r, nil
}

// AppendKey appends the key of the record to b.
func (r Revision) AppendKey(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(r.Main))
	b = append(b, '_')
	b = binary.BigEndian.AppendUint64(b, uint64(r.Sub))
	if r.Tombstone {
		b = append(b, tombstoneMark)
	}
	return b
}

// record is what counting needs of an mvccpb.KeyValue.
type record struct {
	key                  []byte // points into the message
	create, mod, version int64
	lease                int64
}

// Field numbers of mvccpb.KeyValue.
const (
	fieldKey     = 1
	fieldCreate  = 2
	fieldMod     = 3
	fieldVersion = 4
	fieldLease   = 6
)

// consumeTag is protowire.ConsumeTag, quicker for fields below 16.
func consumeTag(b []byte) (protowire.Number, protowire.Type, int) {
	if t := b[0]; t < 0x80 && t >= 1<<3 {
		return protowire.Number(t >> 3), protowire.Type(t & 7), 1
	}
	return protowire.ConsumeTag(b)
}

// parseRecord decodes a KeyValue. It accepts what proto.Unmarshal accepts, but
// keeps only the fields of record.
func parseRecord(b []byte) (record, error) {
	var r record
	for len(b) > 0 {
		num, typ, n := consumeTag(b)
		if n < 0 {
			return record{}, protowire.ParseError(n)
		}
		if num > protowire.MaxValidNumber {
			return record{}, fmt.Errorf("field number %d", num)
		}
		b = b[n:]
		switch {
		case num == fieldKey && typ == protowire.BytesType:
			r.key, n = protowire.ConsumeBytes(b)
		case (num >= fieldCreate && num <= fieldVersion || num == fieldLease) && typ == protowire.VarintType:
			var v uint64
			v, n = protowire.ConsumeVarint(b)
			switch num {
			case fieldCreate:
				r.create = int64(v)
			case fieldMod:
				r.mod = int64(v)
			case fieldLease:
				r.lease = int64(v)
			default:
				r.version = int64(v)
			}
		default:
			n = protowire.ConsumeFieldValue(num, typ, b)
		}
		if n < 0 {
			return record{}, protowire.ParseError(n)
		}
		b = b[n:]
	}
	return r, nil
}
