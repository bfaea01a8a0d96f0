package raftlog

import "google.golang.org/protobuf/encoding/protowire"

// field is one field of a message: varint or bytes, by its type.
type field struct {
	num    protowire.Number
	typ    protowire.Type
	varint uint64
	bytes  []byte // points into the message
}

// fields calls f for each field of a message, with the value of a varint and of
// bytes.
func fields(b []byte, f func(field) error) error {
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return protowire.ParseError(n)
		}
		b = b[n:]
		at := field{num: num, typ: typ}
		switch typ {
		case protowire.VarintType:
			at.varint, n = protowire.ConsumeVarint(b)
		case protowire.BytesType:
			at.bytes, n = protowire.ConsumeBytes(b)
		default:
			n = protowire.ConsumeFieldValue(num, typ, b)
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		b = b[n:]
		if err := f(at); err != nil {
			return err
		}
	}
	return nil
}

// numbers takes the numbers among a message's fields.
func numbers(b []byte, into map[protowire.Number]*uint64) error {
	return fields(b, func(f field) error {
		if to, ok := into[f.num]; ok {
			*to = f.varint
		}
		return nil
	})
}
