package kube

import (
	"encoding/base64"
	"fmt"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// special appends a value whose JSON is not that of its message. The forms are
// those of MarshalJSON in k8s.io/apimachinery and k8s.io/apiextensions-apiserver.
func (w *walker) special(f *field, b []byte) error {
	m, err := first(b)
	if err != nil {
		return err
	}
	switch f.typ {
	case kindTime, kindMicroTime:
		w.time(f.typ, b, m)
	case kindDuration:
		w.out = append(append(append(w.out, '"'), time.Duration(m[1].number()).String()...), '"')
	case kindIntOrStr:
		if m[1].number() == 0 {
			w.out = strconv.AppendInt(w.out, int64(int32(m[2].number())), 10)
		} else {
			w.out = appendString(w.out, m[3].value)
		}
	case kindQuantity:
		if len(m[1].value) == 0 {
			w.out = append(w.out, `"0"`...)
		} else {
			w.out = appendString(w.out, m[1].value)
		}
	case kindRaw:
		w.raw(m[1].value)
	case kindStrings:
		return w.strings(b, 1)
	case kindOrBool:
		if m[2].num == 0 {
			w.out = strconv.AppendBool(w.out, m[1].number() != 0)
			return nil
		}
		return w.object(f.sub, m[2].value)
	case kindOrArray, kindOrStrings:
		return w.schema(f, b, m)
	default:
		return fmt.Errorf("type %c is unknown", f.typ)
	}
	return nil
}

// first returns the fields 1 to 3 of a message, by number; the last of each counts.
func first(b []byte) (m [4]span, err error) {
	for len(b) > 0 {
		s, n, err := next(b)
		if err != nil {
			return m, err
		}
		if b = b[n:]; s.num < 4 {
			m[s.num] = s
		}
	}
	return m, nil
}

const microTime = "2006-01-02T15:04:05.000000Z07:00"

func (w *walker) time(typ kind, b []byte, m [4]span) {
	layout, nanos := time.RFC3339, int64(0)
	if typ == kindMicroTime {
		layout, nanos = microTime, int64(int32(m[2].number()))/1000*1000
	}
	t := time.Unix(int64(m[1].number()), nanos).UTC()
	if len(b) == 0 || t.IsZero() {
		w.out = append(w.out, "null"...)
		return
	}
	w.out = append(w.out, '"')
	w.out = t.AppendFormat(w.out, layout)
	w.out = append(w.out, '"')
}

// raw appends JSON that is inside of the message. If it is no JSON, it is appended
// in base64.
func (w *walker) raw(b []byte) {
	if len(b) == 0 {
		w.out = append(w.out, "null"...)
		return
	}
	before := len(w.out)
	out, err := appendJSON(w.out, b)
	if err != nil {
		out = appendBase64(w.out[:before], b)
	}
	w.out = out
}

// strings appends the strings of a field as a list, null if there are none.
func (w *walker) strings(b []byte, num protowire.Number) error {
	sep := byte('[')
	for len(b) > 0 {
		s, n, err := next(b)
		if err != nil {
			return err
		}
		if b = b[n:]; s.num == num {
			w.out = appendString(append(w.out, sep), s.value)
			sep = ','
		}
	}
	if sep == '[' {
		w.out = append(w.out, "null"...)
	} else {
		w.out = append(w.out, ']')
	}
	return nil
}

// schema appends a JSON schema or a list: of schemas or of strings.
func (w *walker) schema(f *field, b []byte, m [4]span) error {
	switch {
	case m[2].num != 0 && f.typ == kindOrStrings:
		return w.strings(b, 2)
	case m[2].num == 0 && m[1].num == 0:
		w.out = append(w.out, "null"...)
		return nil
	case m[2].num == 0:
		return w.object(f.sub, m[1].value)
	}
	sep := byte('[')
	for len(b) > 0 {
		s, n, err := next(b)
		if err != nil {
			return err
		}
		if b = b[n:]; s.num != 2 {
			continue
		}
		w.out = append(w.out, sep)
		sep = ','
		if err := w.object(f.sub, s.value); err != nil {
			return err
		}
	}
	w.out = append(w.out, ']')
	return nil
}

// floating returns a number of fixed size.
func floating(s span) float64 {
	switch len(s.value) {
	case 8:
		v, _ := protowire.ConsumeFixed64(s.value)
		return math.Float64frombits(v)
	case 4:
		v, _ := protowire.ConsumeFixed32(s.value)
		return float64(math.Float32frombits(v))
	}
	return 0
}

// appendFloat appends a number as encoding/json does; JSON has no infinities.
func appendFloat(out []byte, v float64, typ kind) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return append(out, "null"...)
	}
	bits, format := 64, byte('f')
	if typ == kindFloat {
		bits = 32
	}
	if abs := math.Abs(v); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	out = strconv.AppendFloat(out, v, format, -1, bits)
	if n := len(out); format == 'e' && out[n-2] == '0' && out[n-3] == '-' { // e-09 is e-9 there
		out = append(out[:n-2], out[n-1])
	}
	return out
}

func appendBase64(out, b []byte) []byte {
	out = append(out, '"')
	out = base64.StdEncoding.AppendEncode(out, b)
	return append(out, '"')
}

const hexDigits = "0123456789abcdef"

// plain reports whether a byte of a string needs no attention.
func plain(c byte) bool { return c >= ' ' && c < utf8.RuneSelf && c != '"' && c != '\\' }

// appendString appends a string of JSON. What is not UTF-8 is replaced.
func appendString(out, s []byte) []byte {
	out = append(out, '"')
	done := 0 // bytes of s that are in out
	for i := 0; i < len(s); {
		c := s[i]
		if plain(c) {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRune(s[i:])
			if r == utf8.RuneError && n == 1 {
				out = append(append(out, s[done:i]...), `\ufffd`...)
				done = i + 1
			}
			i += n
			continue
		}
		out = append(out, s[done:i]...)
		switch c {
		case '"', '\\':
			out = append(out, '\\', c)
		case '\n':
			out = append(out, '\\', 'n')
		case '\r':
			out = append(out, '\\', 'r')
		case '\t':
			out = append(out, '\\', 't')
		default:
			out = append(out, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		done = i
	}
	return append(append(out, s[done:]...), '"')
}
