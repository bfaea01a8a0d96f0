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

// record is an mvccpb.KeyValue, without its own memory.
type record struct {
	key, value           []byte // point into the message
	create, mod, version int64
	lease                int64
}

// Field numbers of mvccpb.KeyValue.
const (
	fieldKey     = 1
	fieldCreate  = 2
	fieldMod     = 3
	fieldVersion = 4
	fieldValue   = 5
	fieldLease   = 6
)

// Tags of the fields of KeyValue: the field number and the wire type.
const (
	tagKey     = fieldKey<<3 | byte(protowire.BytesType)
	tagCreate  = fieldCreate<<3 | byte(protowire.VarintType)
	tagMod     = fieldMod<<3 | byte(protowire.VarintType)
	tagVersion = fieldVersion<<3 | byte(protowire.VarintType)
	tagValue   = fieldValue<<3 | byte(protowire.BytesType)
	tagLease   = fieldLease<<3 | byte(protowire.VarintType)
)

// parseRecord decodes a KeyValue into r, which is empty. It accepts what
// proto.Unmarshal accepts. There is one for each revision that a server keeps, so it looks at the bytes of the tags
// that a server writes, and leaves all others to protowire: decoding and hashing Kubernetes-shaped records needs
// a fifth less processor time than with wire.Fields (see BenchmarkRecord).
func parseRecord(b []byte, r *record) error {
	for len(b) > 0 {
		var n int
		tag, rest := b[0], b[1:]
		if tag >= 0x80 { // of a field that is not kept, or longer than it has to be
			tag, rest = longTag(b)
		}
		switch tag {
		case tagKey:
			r.key, n = consumeBytes(rest)
		case tagValue:
			r.value, n = consumeBytes(rest)
		case tagCreate:
			r.create, n = consumeInt(rest)
		case tagMod:
			r.mod, n = consumeInt(rest)
		case tagVersion:
			r.version, n = consumeInt(rest)
		case tagLease:
			r.lease, n = consumeInt(rest)
		default:
			var err error
			if b, err = skipField(b); err != nil {
				return err
			}
			continue
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		b = rest[n:]
	}
	return nil
}

// longTag returns the one byte that would do for a tag of several, or 0, and what
// follows it.
func longTag(b []byte) (tag byte, rest []byte) {
	num, typ, n := protowire.ConsumeTag(b)
	if n < 0 || num > fieldLease {
		return 0, nil
	}
	return byte(num)<<3 | byte(typ), b[n:] //nolint:gosec // both are small
}

// consumeInt is protowire.ConsumeVarint, quicker for numbers of one byte.
func consumeInt(b []byte) (int64, int) {
	if len(b) > 0 && b[0] < 0x80 {
		return int64(b[0]), 1
	}
	v, n := protowire.ConsumeVarint(b)
	return int64(v), n
}

// consumeBytes is protowire.ConsumeBytes, quicker for less than 16384 bytes.
func consumeBytes(b []byte) ([]byte, int) {
	size, n := 0, 0
	switch {
	case len(b) > 0 && b[0] < 0x80:
		size, n = int(b[0]), 1
	case len(b) > 1 && b[1] < 0x80:
		size, n = int(b[0]&0x7f)|int(b[1])<<7, 2
	default:
		return protowire.ConsumeBytes(b)
	}
	if size > len(b)-n {
		return protowire.ConsumeBytes(b) // which knows the error
	}
	return b[n : n+size], n + size
}

// skipField returns what follows a field that record does not keep, in b.
func skipField(b []byte) ([]byte, error) {
	num, typ, n := protowire.ConsumeTag(b)
	if n < 0 {
		return nil, protowire.ParseError(n)
	}
	if num > protowire.MaxValidNumber {
		return nil, fmt.Errorf("field number %d", num)
	}
	size := protowire.ConsumeFieldValue(num, typ, b[n:])
	if size < 0 {
		return nil, protowire.ParseError(size)
	}
	return b[n+size:], nil
}
