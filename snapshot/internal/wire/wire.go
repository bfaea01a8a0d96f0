// Package wire reads the fields of protocol buffer messages one by one, for
// messages of which little is wanted, or whose type other releases have. It
// imports nothing of this module.
package wire

import "google.golang.org/protobuf/encoding/protowire"

// Field is one field of a message. Numbers of fixed size have neither value.
type Field struct {
	Num    protowire.Number
	Type   protowire.Type
	Varint uint64
	Bytes  []byte // points into the message
}

// Fields calls f for each field of a message. Its error, or that of a message
// that can't be decoded, ends the reading.
func Fields(b []byte, f func(Field) error) error {
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return protowire.ParseError(n)
		}
		b = b[n:]
		at := Field{Num: num, Type: typ}
		switch typ {
		case protowire.VarintType:
			at.Varint, n = protowire.ConsumeVarint(b)
		case protowire.BytesType:
			at.Bytes, n = protowire.ConsumeBytes(b)
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

// Numbers stores the numbers among a message's fields.
func Numbers(b []byte, into map[protowire.Number]*uint64) error {
	return Fields(b, func(f Field) error {
		if to, ok := into[f.Num]; ok {
			*to = f.Varint
		}
		return nil
	})
}
