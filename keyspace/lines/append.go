package lines

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// Append appends the JSON line of a pair, with its line end.
func Append(b []byte, p Pair) []byte {
	b = appendBytes(append(b, '{'), "key", p.Key)
	b = appendBytes(append(b, ','), "value", p.Value)
	if p.Lease != 0 {
		b = fmt.Appendf(b, `,"lease":"%016x"`, p.Lease)
	}
	for _, n := range []struct {
		name  string
		value int64
	}{{"ttl", p.TTL}, {"created", p.Created}, {"modified", p.Modified}, {"version", p.Version}} {
		if n.value != 0 {
			b = append(b, ',', '"')
			b = append(b, n.name...)
			b = append(b, '"', ':')
			b = strconv.AppendInt(b, n.value, 10)
		}
	}
	return append(b, '}', '\n')
}

// appendBytes appends a member: as text if it is UTF-8, otherwise as base64
// under the base64 name.
func appendBytes(b []byte, name string, v []byte) []byte {
	b = append(append(b, '"'), name...)
	if !utf8.Valid(v) {
		b = append(b, `_base64":"`...)
		b = base64.StdEncoding.AppendEncode(b, v)
		return append(b, '"')
	}
	b = append(b, `":"`...)
	from := 0
	for i, c := range v {
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, v[from:i]...)
		b = appendEscape(b, c)
		from = i + 1
	}
	return append(append(b, v[from:]...), '"')
}

func appendEscape(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\n':
		return append(b, `\n`...)
	case '\r':
		return append(b, `\r`...)
	case '\t':
		return append(b, `\t`...)
	}
	return fmt.Appendf(b, `\u%04x`, c)
}
