package kube

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// envelopePrefix begins a value in protocol buffers. A runtime.Unknown follows.
const envelopePrefix = "k8s\x00"

// envelope decodes a runtime.Unknown into d.plain.
func (d *Decoder) envelope(b []byte) (t typeMeta, err error) {
	var raw []byte
	var encoding, contentType string
	for len(b) > 0 {
		s, n, err := next(b)
		if err != nil {
			return t, fmt.Errorf("envelope: %w", err)
		}
		b = b[n:]
		switch s.num {
		case 1:
			m, err := first(s.value)
			if err != nil {
				return t, fmt.Errorf("envelope: %w", err)
			}
			t = typeMeta{apiVersion: string(m[1].value), kind: string(m[2].value)}
		case 2:
			raw = s.value
		case 3:
			encoding = string(s.value)
		case 4:
			contentType = string(s.value)
		}
	}
	switch {
	case encoding != "":
		return t, fmt.Errorf("%s: the content encoding %q is not supported", t, encoding)
	case t.kind == "":
		return t, errors.New("envelope without a kind")
	case contentType == "application/json" || strings.HasPrefix(contentType, "application/json;"):
		_, err := d.json(raw)
		return t, err
	}
	if err := d.object(t, raw); err != nil {
		return t, fmt.Errorf("%s: %w", t, err)
	}
	return t, nil
}

func (t typeMeta) String() string { return t.apiVersion + " " + t.kind }

// object decodes the message of an object into d.plain.
func (d *Decoder) object(t typeMeta, raw []byte) error {
	if m := d.table.kinds[t.String()]; m != nil {
		d.walker.hide = d.options.Clean
		return d.message(t, m, raw)
	}
	// What is not in the table has metadata as its first field, as all have.
	d.walker.hide = false
	unknown := &message{fields: []field{{num: 1, key: `"metadata":`, typ: kindMessage, sub: d.table.meta}}, index: []int16{-1, 0}}
	if d.message(t, unknown, raw) == nil {
		return nil
	}
	return d.message(t, &message{}, raw)
}

func (d *Decoder) message(t typeMeta, m *message, raw []byte) error {
	w := &d.walker
	w.out, w.spans, w.depth = append(d.plain[:0], '{'), w.spans[:0], 0
	w.limit = 64<<10 + 64*len(raw)
	w.key(`"apiVersion":`)
	w.out = appendString(w.out, []byte(t.apiVersion))
	w.key(`"kind":`)
	w.out = appendString(w.out, []byte(t.kind))
	err := w.members(m, raw)
	d.plain = append(w.out, '}')
	return err
}

// unknown appends the fields from span i on, which the table does not have: each
// as a member with its number, such as "#27".
func (w *walker) unknown(i int) error {
	if i == len(w.spans) || w.hide {
		return nil
	}
	slices.SortStableFunc(w.spans[i:], func(a, b span) int { return int(a.num - b.num) })
	for end := len(w.spans); i < end; {
		j := i + 1
		for j < end && w.spans[j].num == w.spans[i].num {
			j++
		}
		w.key(`"#` + strconv.Itoa(int(w.spans[i].num)) + `":`)
		if j > i+1 {
			w.out = append(w.out, '[')
		}
		for n := i; n < j; n++ {
			if n > i {
				w.out = append(w.out, ',')
			}
			if err := w.guess(w.spans[n]); err != nil {
				return err
			}
		}
		if j > i+1 {
			w.out = append(w.out, ']')
		}
		i = j
	}
	return nil
}

// guess appends a value of a type that is not known: a number, text, a message of
// such values, or base64.
func (w *walker) guess(s span) error {
	switch s.typ {
	case protowire.VarintType:
		w.out = strconv.AppendUint(w.out, s.number(), 10)
		return nil
	case protowire.Fixed32Type, protowire.Fixed64Type:
		w.out = appendFloat(w.out, floating(s), kindDouble)
		return nil
	case protowire.BytesType:
		if printable(s.value) {
			w.out = appendString(w.out, s.value)
			return nil
		}
		out, spans, depth := len(w.out), len(w.spans), w.depth
		if w.object(&message{}, s.value) == nil {
			return nil
		}
		w.out, w.spans, w.depth = w.out[:out], w.spans[:spans], depth
	}
	w.out = appendBase64(w.out, s.value)
	return nil
}

// printable reports whether b is text.
func printable(b []byte) bool {
	if !utf8.Valid(b) {
		return false
	}
	for _, r := range string(b) {
		if !unicode.IsPrint(r) && r != '\n' && r != '\t' && r != '\r' {
			return false
		}
	}
	return true
}
