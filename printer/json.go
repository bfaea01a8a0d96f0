package printer

import (
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// Object appends one object to a text, member by member: as JSON, in the bytes
// that encoding/json produces for a struct whose fields all say omitempty, or
// as YAML. A large document then needs no reflection, and is not kept in
// memory. In a text for which [Text.Whole] is true no member is omitted, nor in
// an object after [Object.Keep].
type Object struct {
	t     *Text
	keep  bool
	next  byte // of JSON: the separator before the next member
	level level
}

// Object opens an object; its End closes it.
func (t *Text) Object() *Object {
	return &Object{t: t, keep: t.whole, next: '{', level: t.open()}
}

// Keep adds the members that follow even if they are zero.
func (o *Object) Keep() { o.keep = true }

// Key begins a member whatever its value, which the caller appends next: an
// object, an array, or a value by one of the methods for JSON.
func (o *Object) Key(name string) {
	if o.t.yaml != nil {
		o.t.yaml.key(o.t, &o.level, name)
		return
	}
	o.t.Byte(o.next)
	o.next = ','
	o.t.Byte('"')
	o.t.Raw(name)
	o.t.Raw(`":`)
}

// Int adds an integer unless it is zero.
func (o *Object) Int(name string, v int64) {
	if v != 0 || o.keep {
		o.Key(name)
		o.t.JSONInt(v)
	}
}

// Uint adds an unsigned integer unless it is zero.
func (o *Object) Uint(name string, v uint64) {
	if v != 0 || o.keep {
		o.Key(name)
		o.t.JSONUint(v)
	}
}

// Bool adds a truth value unless it is false.
func (o *Object) Bool(name string, v bool) { //nolint:revive // v is data, not a switch
	if v || o.keep {
		o.Key(name)
		o.t.JSONBool(v)
	}
}

// String adds a string unless it is empty.
func (o *Object) String(name, v string) {
	if v != "" || o.keep {
		o.Key(name)
		o.t.JSONString(v)
	}
}

// Strings adds an array of strings unless it is empty.
func (o *Object) Strings(name string, v []string) {
	if len(v) == 0 && !o.keep {
		return
	}
	o.Key(name)
	a := o.t.Array()
	for _, s := range v {
		a.Next()
		o.t.JSONString(s)
	}
	a.End()
}

// Enum adds one of a list of names: its number unless that is zero, or in a whole
// text the name.
func (o *Object) Enum(name string, v Enumerator) {
	if o.t.whole {
		o.String(name, v.String())
		return
	}
	o.Int(name, int64(v.Number()))
}

// Enumerator is the part of a generated enumeration that gives names and
// numbers of its values.
type Enumerator interface {
	fmt.Stringer
	Number() protoreflect.EnumNumber
}

// textSuffix ends the name of a member that has bytes as text; without it they
// are in base64.
const textSuffix = "_text"

// Bytes adds bytes unless there are none: in base64, or with [Options].UTF8 as
// text if they are UTF-8, under a name that shows it.
func (o *Object) Bytes(name string, v []byte) {
	switch {
	case len(v) == 0 && !o.keep:
	case o.t.UTF8 && utf8.Valid(v):
		o.Key(name + textSuffix)
		o.t.JSONString(string(v))
	default:
		o.Key(name)
		o.t.base64String(v)
	}
}

// BytesList adds an array of bytes in base64, null if v is nil. With
// [Options].UTF8 it adds an array of those that are text before it.
func (o *Object) BytesList(name string, v [][]byte) {
	if o.t.UTF8 {
		o.Key(name + textSuffix)
		o.bytesArray(v, utf8.Valid, func(b []byte) { o.t.JSONString(string(b)) })
	}
	o.Key(name)
	if v == nil && !o.t.whole {
		o.t.JSONNull()
		return
	}
	o.bytesArray(v, func(b []byte) bool { return !o.t.UTF8 || !utf8.Valid(b) }, o.t.base64String)
}

func (o *Object) bytesArray(v [][]byte, has func([]byte) bool, element func([]byte)) {
	a := o.t.Array()
	for _, b := range v {
		if has(b) {
			a.Next()
			element(b)
		}
	}
	a.End()
}

func (t *Text) base64String(b []byte) {
	t.lead()
	t.Byte('"')
	t.Base64(b)
	t.Byte('"')
}

// Null adds a member that has no value, unless such members are left out.
func (o *Object) Null(name string) {
	if o.keep {
		o.Key(name)
		o.t.JSONNull()
	}
}

// ID adds the id of a member or a cluster unless it is zero: a number, or with
// --hex the hexadecimal string that commands accept.
func (o *Object) ID(name string, id uint64) {
	if o.t.hexIDs {
		if id != 0 || o.keep || o.t.keepIDs {
			o.Key(name)
			o.t.JSONString(strconv.FormatUint(id, 16))
		}
		return
	}
	o.Uint(name, id)
}

// Lease adds the id of a lease unless it is zero: a number, or with --hex the
// hexadecimal string that commands accept.
func (o *Object) Lease(name string, id int64) {
	if o.t.hexIDs {
		if id != 0 || o.keep {
			o.Key(name)
			o.t.JSONString(fmt.Sprintf("%016x", uint64(id)))
		}
		return
	}
	o.Int(name, id)
}

// End closes the object.
func (o *Object) End() {
	switch {
	case o.t.yaml != nil:
		o.t.yaml.close(o.t, &o.level, "{}")
	case o.next == '{':
		o.t.Raw("{}")
	default:
		o.t.Byte('}')
	}
}

// Array appends one array to a text.
type Array struct {
	t     *Text
	next  byte
	level level
}

// Array opens an array; its End closes it.
func (t *Text) Array() *Array { return &Array{t: t, next: '[', level: t.open()} }

// Next begins an element, which the caller appends next, as after [Object.Key].
func (a *Array) Next() {
	if a.t.yaml != nil {
		a.t.yaml.element(a.t, &a.level)
		return
	}
	a.t.Byte(a.next)
	a.next = ','
}

// End closes the array.
func (a *Array) End() {
	switch {
	case a.t.yaml != nil:
		a.t.yaml.close(a.t, &a.level, "[]")
	case a.next == '[':
		a.t.Raw("[]")
	default:
		a.t.Byte(']')
	}
}

// open begins an object or an array.
func (t *Text) open() level {
	if t.yaml == nil {
		return level{}
	}
	return t.yaml.open()
}

// lead appends the separator between a member's name and its value.
func (t *Text) lead() {
	if t.yaml != nil {
		t.yaml.lead(t)
	}
}

// JSONInt appends i as a value of a document.
func (t *Text) JSONInt(i int64) {
	t.lead()
	t.Int(i)
}

// JSONUint appends i as a value of a document.
func (t *Text) JSONUint(i uint64) {
	t.lead()
	t.Uint(i)
}

// JSONBool appends v as a value of a document.
func (t *Text) JSONBool(v bool) {
	t.lead()
	t.Raw(strconv.FormatBool(v))
}

// JSONNull appends null as a value of a document.
func (t *Text) JSONNull() {
	t.lead()
	t.Raw("null")
}

// JSONString appends s as a value of a document, as encoding/json writes it:
// HTML's special characters are escaped and invalid UTF-8 is replaced.
func (t *Text) JSONString(s string) {
	b, err := json.Marshal(s)
	if err != nil { // no string does this
		t.Fail(err)
		return
	}
	t.lead()
	if t.yaml != nil {
		b = yamlString(b)
	}
	t.buf = append(t.buf, b...)
	t.room()
}
