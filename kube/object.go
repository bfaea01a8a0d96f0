package kube

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"
)

// maxDepth limits how deep messages and JSON values may be nested.
const maxDepth = 400

var (
	errDepth = fmt.Errorf("nested more than %d levels deep", maxDepth)
	errSize  = errors.New("the object is out of proportion to the value")
)

// walker appends the JSON of messages. What it holds is bounded by the size of
// the value.
type walker struct {
	out   []byte
	limit int    // of len(out)
	spans []span // the fields of all messages that are open
	depth int
	hide  bool // fields that the table does not have are left out
}

// span is one field of a message as it was stored.
type span struct {
	field int // its index in the definition
	num   protowire.Number
	typ   protowire.Type
	value []byte // the payload of bytes, otherwise the encoded value
}

// number returns the value of a varint, also of one that is in bytes by mistake.
func (s span) number() uint64 {
	v, n := protowire.ConsumeVarint(s.value)
	if n < 0 {
		return 0
	}
	return v
}

// object appends a message as an object.
func (w *walker) object(m *message, b []byte) error {
	w.out = append(w.out, '{')
	if err := w.members(m, b); err != nil {
		return err
	}
	w.out = append(w.out, '}')
	return nil
}

// key begins a member of an object.
func (w *walker) key(quoted string) {
	if w.out[len(w.out)-1] != '{' {
		w.out = append(w.out, ',')
	}
	w.out = append(w.out, quoted...)
}

// members appends the members that a message has as an object.
func (w *walker) members(m *message, b []byte) error {
	if w.depth++; w.depth > maxDepth {
		return errDepth
	}
	if len(w.out) > w.limit {
		return errSize
	}
	base := len(w.spans)
	if err := w.scan(m, b); err != nil {
		return err
	}
	i := base
	for f := range m.fields {
		j := i
		for j < len(w.spans) && w.spans[j].field == f {
			j++
		}
		if err := w.field(&m.fields[f], i, j); err != nil {
			return err
		}
		i = j
	}
	err := w.unknown(i)
	w.spans = w.spans[:base]
	w.depth--
	return err
}

// scan adds the fields of a message to the spans, in the order of the definition,
// with those that it does not have at the end.
func (w *walker) scan(m *message, b []byte) error {
	base, last, sorted := len(w.spans), -1, true
	for len(b) > 0 {
		s, n, err := next(b)
		if err != nil {
			return err
		}
		b = b[n:]
		s.field = m.find(uint64(s.num))
		sorted = sorted && s.field >= last
		last = s.field
		w.spans = append(w.spans, s)
	}
	if !sorted {
		slices.SortStableFunc(w.spans[base:], func(a, b span) int { return a.field - b.field })
	}
	return nil
}

// next reads a field and returns its size.
func next(b []byte) (s span, size int, err error) {
	num, typ, tag := protowire.ConsumeTag(b)
	if tag < 0 {
		return s, 0, protowire.ParseError(tag)
	}
	s.num, s.typ = num, typ
	if typ == protowire.BytesType {
		v, n := protowire.ConsumeBytes(b[tag:])
		if n < 0 {
			return s, 0, protowire.ParseError(n)
		}
		s.value = v
		return s, tag + n, nil
	}
	n := protowire.ConsumeFieldValue(num, typ, b[tag:])
	if n < 0 {
		return s, 0, protowire.ParseError(n)
	}
	s.value = b[tag : tag+n]
	return s, tag + n, nil
}

// field appends the member of a field, which the spans from i up to j have.
func (w *walker) field(f *field, i, j int) error {
	switch {
	case i == j && (f.gone || f.inline):
		return nil
	case f.inline:
		return w.members(f.sub, w.merged(i, j))
	case f.shape == list:
		return w.list(f, i, j)
	case f.shape == mapped:
		return w.mapped(f, i, j)
	case i == j:
		w.absent(f)
		return nil
	}
	s := w.spans[j-1]
	if f.sub != nil {
		s.value = w.merged(i, j)
	}
	if f.empty && f.shape == single && zero(f, s) {
		return nil
	}
	w.key(f.key)
	return w.value(f, s)
}

// merged returns the payload of a message, which may come in parts.
func (w *walker) merged(i, j int) []byte {
	switch j - i {
	case 0:
		return nil
	case 1:
		return w.spans[i].value
	}
	var all []byte
	for _, s := range w.spans[i:j] {
		all = append(all, s.value...)
	}
	return all
}

// zero reports whether a value is one that Go's JSON omits.
func zero(f *field, s span) bool {
	switch f.typ {
	case kindString, kindBytes, kindStrings:
		return len(s.value) == 0
	case kindBool, kindInt:
		return s.number() == 0
	case kindDouble, kindFloat:
		return floating(s) == 0
	case kindTime, kindMicroTime:
		return f.zero && len(s.value) == 0
	}
	return false
}

// absent appends the member of a field that was not stored. Kubernetes stores every
// field but those that can be nil, so a field of another type is one that the
// release which has written the object did not know.
func (w *walker) absent(f *field) {
	if nullable := f.shape == pointer || f.typ == kindBytes || f.typ == kindStrings; nullable {
		w.none(f)
	}
}

func (w *walker) list(f *field, i, j int) error {
	if i == j {
		w.none(f)
		return nil
	}
	w.key(f.key)
	w.out = append(w.out, '[')
	first := true
	for ; i < j; i++ {
		s := w.spans[i]
		packed := s.typ == protowire.BytesType && (f.typ == kindInt || f.typ == kindBool)
		for !packed || len(s.value) > 0 {
			if !first {
				w.out = append(w.out, ',')
			}
			first = false
			if err := w.value(f, s); err != nil {
				return err
			}
			if !packed {
				break
			}
			_, n := protowire.ConsumeVarint(s.value)
			if n < 0 {
				return protowire.ParseError(n)
			}
			s.value = s.value[n:]
		}
	}
	w.out = append(w.out, ']')
	return nil
}

// none appends the member of a field that is nil.
func (w *walker) none(f *field) {
	if !f.empty {
		w.key(f.key)
		w.out = append(w.out, "null"...)
	}
}

// mapped appends a map. Its keys are stored in order; if they are not, they are
// sorted, and the last of several equal ones counts.
func (w *walker) mapped(f *field, i, j int) error {
	if i == j {
		w.none(f)
		return nil
	}
	w.key(f.key)
	w.out = append(w.out, '{')
	begin, last := len(w.out), []byte(nil)
	for n := i; n < j; n++ {
		key, value, err := entry(w.spans[n].value)
		if err != nil {
			return err
		}
		if n > i && string(key) <= string(last) {
			w.out = w.out[:begin]
			return w.unsorted(f, i, j)
		}
		last = key
		if err := w.entry(f, key, value); err != nil {
			return err
		}
	}
	w.out = append(w.out, '}')
	return nil
}

func (w *walker) unsorted(f *field, i, j int) error {
	all := map[string]span{}
	for ; i < j; i++ {
		key, value, err := entry(w.spans[i].value)
		if err != nil {
			return err
		}
		all[string(key)] = value
	}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if err := w.entry(f, []byte(key), all[key]); err != nil {
			return err
		}
	}
	w.out = append(w.out, '}')
	return nil
}

func (w *walker) entry(f *field, key []byte, value span) error {
	if w.out[len(w.out)-1] != '{' {
		w.out = append(w.out, ',')
	}
	w.out = appendString(w.out, key)
	w.out = append(w.out, ':')
	return w.value(f, value)
}

// entry reads key and value of a map.
func entry(b []byte) (key []byte, value span, err error) {
	for len(b) > 0 {
		s, n, err := next(b)
		if err != nil {
			return nil, value, err
		}
		b = b[n:]
		switch s.num {
		case 1:
			key = s.value
		case 2:
			value = s
		}
	}
	return key, value, nil
}

// value appends a value; one that is all zero is the zero value of the type.
func (w *walker) value(f *field, s span) error {
	switch f.typ {
	case kindString:
		w.out = appendString(w.out, s.value)
	case kindBool:
		w.out = strconv.AppendBool(w.out, s.number() != 0)
	case kindInt:
		w.out = strconv.AppendInt(w.out, int64(s.number()), 10)
	case kindDouble, kindFloat:
		w.out = appendFloat(w.out, floating(s), f.typ)
	case kindBytes:
		w.out = appendBase64(w.out, s.value)
	case kindMessage:
		return w.object(f.sub, s.value)
	default:
		return w.special(f, s.value)
	}
	return nil
}
