package ctlv2

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// field is a value of a JSON document, named by the way to it: a.b.0.
type field struct{ name, value string }

var errNoObject = errors.New("the answer is JSON, but no object")

// flatten returns the values of a JSON object in their order. An empty object
// or array has none.
func flatten(doc []byte) ([]field, error) {
	if doc = bytes.TrimSpace(doc); len(doc) == 0 || doc[0] != '{' {
		return nil, fmt.Errorf("%w: %.40q", errNoObject, doc)
	}
	var whole json.RawMessage // checks the syntax and bounds the depth
	if err := json.Unmarshal(doc, &whole); err != nil {
		return nil, err
	}
	f := flattener{dec: json.NewDecoder(bytes.NewReader(doc))}
	f.dec.UseNumber()
	err := f.value("")
	return f.fields, err
}

type flattener struct {
	dec    *json.Decoder
	fields []field
}

// value reads the value of a name and adds its members.
func (f *flattener) value(name string) error {
	token, err := f.dec.Token()
	if err != nil {
		return err
	}
	if open, ok := token.(json.Delim); ok {
		return f.members(name, open)
	}
	text := "null"
	if token != nil {
		text = fmt.Sprint(token)
	}
	f.fields = append(f.fields, field{name, text})
	return nil
}

// members reads an object or an array after its opening bracket.
func (f *flattener) members(name string, open json.Delim) error {
	for i := 0; f.dec.More(); i++ {
		key := strconv.Itoa(i)
		if open == '{' {
			token, err := f.dec.Token()
			if err != nil {
				return err
			}
			key = fmt.Sprint(token)
		}
		if name != "" {
			key = name + "." + key
		}
		if err := f.value(key); err != nil {
			return err
		}
	}
	_, err := f.dec.Token() // the closing bracket
	return err
}
