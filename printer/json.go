package printer

import "encoding/json"

// Object appends one JSON object to a text, member by member, in the bytes
// that encoding/json produces for a struct whose fields all say omitempty:
// compact, and without the members that are zero. Large documents need no
// reflection that way, and need not be held.
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
	if v != 0 {
		o.Key(name)
		o.t.Int(v)
	}
}

// Uint adds an unsigned integer unless it is zero.
func (o *Object) Uint(name string, v uint64) {
	if v != 0 {
		o.Key(name)
		o.t.Uint(v)
	}
}

// Bool adds a truth value unless it is false.
func (o *Object) Bool(name string, v bool) { //nolint:revive // v is data, not a switch
	if v {
		o.Key(name)
		o.t.Raw("true")
	}
}

// String adds a string unless it is empty.
func (o *Object) String(name, v string) {
	if v != "" {
		o.Key(name)
		o.t.JSONString(v)
	}
}

// Strings adds an array of strings unless it is empty.
func (o *Object) Strings(name string, v []string) {
	if len(v) == 0 {
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

// Bytes adds bytes in base64 unless there are none.
func (o *Object) Bytes(name string, v []byte) {
	if len(v) > 0 {
		o.Key(name)
		o.t.Byte('"')
		o.t.Base64(v)
		o.t.Byte('"')
	}
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
