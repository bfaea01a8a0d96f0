package printer

import (
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// Object appends one JSON object to a text, member by member, in the bytes
// that encoding/json produces for a struct whose fields all say omitempty:
// compact, and without the members that are zero. Large documents need no
// reflection that way, and need not be held. In a text that [Text.Whole] is said
// of, no member is left out.
type Object struct {
	t    *Text
	next byte // what separates the next member from what stands before it
}

// Object opens an object; its End closes it.
func (t *Text) Object() *Object { return &Object{t: t, next: '{'} }

// Key begins a member whatever its value, which the caller appends to the text.
func (o *Object) Key(name string) {
	o.t.Byte(o.next)
	o.next = ','
	o.t.Byte('"')
	o.t.Raw(name)
	o.t.Raw(`":`)
}

// Int adds an integer unless it is zero.
func (o *Object) Int(name string, v int64) {
	if v != 0 || o.t.whole {
		o.Key(name)
		o.t.Int(v)
	}
}

// Uint adds an unsigned integer unless it is zero.
func (o *Object) Uint(name string, v uint64) {
	if v != 0 || o.t.whole {
		o.Key(name)
		o.t.Uint(v)
	}
}

// Bool adds a truth value unless it is false.
func (o *Object) Bool(name string, v bool) { //nolint:revive // v is data, not a switch
	if v || o.t.whole {
		o.Key(name)
		o.t.Raw(strconv.FormatBool(v))
	}
}

// String adds a string unless it is empty.
func (o *Object) String(name, v string) {
	if v != "" || o.t.whole {
		o.Key(name)
		o.t.JSONString(v)
	}
}

// Strings adds an array of strings unless it is empty.
func (o *Object) Strings(name string, v []string) {
	if len(v) == 0 && !o.t.whole {
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

// Enumerator is what a generated enumeration has of its values: their names and numbers.
type Enumerator interface {
	fmt.Stringer
	Number() protoreflect.EnumNumber
}

// textSuffix ends the name of a member that has bytes as text; without it they
// are in base64.
const textSuffix = "_text"

// Bytes adds bytes unless there are none: in base64, or with [Options].UTF8 as
// text where they are that, under a name that says so.
func (o *Object) Bytes(name string, v []byte) {
	switch {
	case len(v) == 0 && !o.t.whole:
	case o.t.UTF8 && utf8.Valid(v):
		o.Key(name + textSuffix)
		o.t.JSONString(string(v))
	default:
		o.Key(name)
		o.t.base64String(v)
	}
}

// BytesList adds an array of bytes in base64, null where v is nil. With
// [Options].UTF8 those that are text are in an array of their own before it.
func (o *Object) BytesList(name string, v [][]byte) {
	if o.t.UTF8 {
		o.Key(name + textSuffix)
		o.bytesArray(v, utf8.Valid, func(b []byte) { o.t.JSONString(string(b)) })
	}
	o.Key(name)
	if v == nil && !o.t.whole {
		o.t.Raw("null")
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
	t.Byte('"')
	t.Base64(b)
	t.Byte('"')
}

// End closes the object.
func (o *Object) End() {
	if o.next == '{' {
		o.t.Byte('{')
	}
	o.t.Byte('}')
}

// Array appends one JSON array to a text.
type Array struct {
	t    *Text
	next byte
}

// Array opens an array; its End closes it.
func (t *Text) Array() *Array { return &Array{t: t, next: '['} }

// Next begins an element, which the caller appends to the text.
func (a *Array) Next() {
	a.t.Byte(a.next)
	a.next = ','
}

// End closes the array.
func (a *Array) End() {
	if a.next == '[' {
		a.t.Byte('[')
	}
	a.t.Byte(']')
}

// JSONString appends s as encoding/json writes it: HTML's special characters
// escaped and invalid UTF-8 replaced.
func (t *Text) JSONString(s string) {
	b, err := json.Marshal(s)
	if err != nil { // no string does this
		t.Fail(err)
		return
	}
	t.buf = append(t.buf, b...)
	t.room()
}
