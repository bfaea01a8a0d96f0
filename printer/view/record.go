package view

import (
	"google.golang.org/protobuf/encoding/protowire"

	"etcdkit/printer"
)

// record is a result, or a part of one, for which etcd has no message: its
// values, in the order of their field numbers, which begin at 1.
type record []value

// value is one value of a record.
type value struct {
	field  string // its name in the fields format
	member string // its name in documents
	v      any    // an int64, uint32, bool, string or []byte
	keep   bool   // in documents even if it is zero
	some   bool   // in fields only if it is not empty
}

// fields lists the values.
func (r record) fields(t *printer.Text) {
	for _, one := range r {
		switch v := one.v.(type) {
		case int64:
			intField(t, one.field, v)
		case uint32:
			uintField(t, one.field, uint64(v))
		case bool:
			boolField(t, one.field, v)
		case string:
			if v != "" || !one.some {
				quotedField(t, one.field, []byte(v))
			}
		case []byte:
			quotedField(t, one.field, v)
		}
	}
}

// members adds the values to an object.
func (r record) members(t *printer.Text, o *printer.Object) {
	for _, one := range r {
		switch v := one.v.(type) {
		case int64:
			if one.keep {
				o.Key(one.member)
				t.JSONInt(v)
			} else {
				o.Int(one.member, v)
			}
		case uint32:
			o.Uint(one.member, uint64(v))
		case bool:
			o.Bool(one.member, v)
		case string:
			o.String(one.member, v)
		case []byte:
			o.Bytes(one.member, v)
		}
	}
}

// json appends the record as an object.
func (r record) json(t *printer.Text) {
	o := t.Object()
	r.members(t, o)
	o.End()
}

// message is the record in protocol buffer wire format, without the values that
// are zero.
func (r record) message() []byte {
	var b []byte
	for i, one := range r {
		number := protowire.Number(i + 1)
		switch v := one.v.(type) {
		case int64:
			b = appendNumber(b, number, uint64(v))
		case uint32:
			b = appendNumber(b, number, uint64(v))
		case bool:
			b = appendNumber(b, number, protowire.EncodeBool(v))
		case string:
			b = appendText(b, number, v)
		case []byte:
			b = appendText(b, number, string(v))
		}
	}
	return b
}

// appendText appends a field unless it is empty.
func appendText(b []byte, field protowire.Number, s string) []byte {
	if s == "" {
		return b
	}
	return appendString(b, field, s)
}

// appendString appends a field.
func appendString(b []byte, field protowire.Number, s string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, field, protowire.BytesType), s)
}

// appendNumber appends a field unless it is zero.
func appendNumber(b []byte, field protowire.Number, n uint64) []byte {
	if n == 0 {
		return b
	}
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), n)
}
