package kube

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// masked stands in place of the data of a Secret. It is no base64, so that nobody
// applies it by mistake.
const masked = `"<masked>"`

// lastApplied is the annotation in which kubectl keeps the whole manifest.
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// place is where in an object a member is, as far as that matters.
type place byte

const (
	elsewhere place = iota
	top
	metadata
	annotations
	data // of a Secret
)

// copier copies a JSON value without its white space, checks it, and leaves out
// or masks members of an object.
type copier struct {
	in          []byte
	i           int
	out         []byte
	depth       int
	clean, mask bool
	seen        typeMeta // of the object
}

// appendJSON appends a JSON value without white space.
func appendJSON(out, b []byte) ([]byte, error) {
	c := copier{in: b, out: out}
	err := c.whole(elsewhere)
	return c.out, err
}

// document copies an object.
func (c *copier) document() error { return c.whole(top) }

func (c *copier) whole(p place) error {
	if err := c.value(p); err != nil {
		return err
	}
	if c.space(); c.i < len(c.in) {
		return c.unexpected("the end")
	}
	return nil
}

func (c *copier) space() {
	for c.i < len(c.in) {
		switch c.in[c.i] {
		case ' ', '\n', '\t', '\r':
			c.i++
		default:
			return
		}
	}
}

func (c *copier) unexpected(wanted string) error {
	if c.i >= len(c.in) {
		return fmt.Errorf("JSON ends where %s should be", wanted)
	}
	return fmt.Errorf("JSON has %q at byte %d, where %s should be", c.in[c.i], c.i+1, wanted)
}

// is consumes one character after white space, if it is the next one.
func (c *copier) is(b byte) bool {
	c.space()
	if c.i < len(c.in) && c.in[c.i] == b {
		c.i++
		return true
	}
	return false
}

func (c *copier) value(p place) error {
	c.space()
	if c.i == len(c.in) {
		return c.unexpected("a value")
	}
	switch b := c.in[c.i]; {
	case b == '{':
		return c.nested(func() error { return c.object(p) })
	case b == '[':
		return c.nested(c.array)
	case b == '"':
		s, err := c.str()
		c.out = append(c.out, s...)
		return err
	case b == '-' || b >= '0' && b <= '9':
		return c.number()
	}
	for _, word := range []string{"true", "false", "null"} {
		if bytes.HasPrefix(c.in[c.i:], []byte(word)) {
			c.i += len(word)
			c.out = append(c.out, word...)
			return nil
		}
	}
	return c.unexpected("a value")
}

func (c *copier) nested(f func() error) error {
	if c.depth++; c.depth > maxDepth {
		return errDepth
	}
	c.i++
	err := f()
	c.depth--
	return err
}

func (c *copier) array() error {
	c.out = append(c.out, '[')
	for first := true; !c.is(']'); first = false {
		if !first {
			if !c.is(',') {
				return c.unexpected("a comma")
			}
			c.out = append(c.out, ',')
		}
		if err := c.value(elsewhere); err != nil {
			return err
		}
	}
	c.out = append(c.out, ']')
	return nil
}

func (c *copier) object(p place) error {
	c.out = append(c.out, '{')
	for first := true; !c.is('}'); first = false {
		if !first && !c.is(',') {
			return c.unexpected("a comma")
		}
		c.space()
		if c.i == len(c.in) || c.in[c.i] != '"' {
			return c.unexpected("a name")
		}
		name, err := c.str()
		if err != nil {
			return err
		}
		if !c.is(':') {
			return c.unexpected("a colon")
		}
		if err := c.member(p, name); err != nil {
			return err
		}
	}
	c.out = append(c.out, '}')
	return nil
}

// member copies a member of an object, whose quoted name has been read.
func (c *copier) member(p place, quoted []byte) error {
	before := len(c.out)
	if c.out[before-1] != '{' {
		c.out = append(c.out, ',')
	}
	c.out = append(append(c.out, quoted...), ':')
	from := len(c.out)
	if p == elsewhere {
		return c.value(elsewhere)
	}
	name := unquoted(quoted)
	if err := c.value(c.inner(p, name)); err != nil {
		return err
	}
	switch {
	case p == top && name == "kind":
		c.seen.kind = unquoted(c.out[from:])
	case p == top && name == "apiVersion":
		c.seen.apiVersion = unquoted(c.out[from:])
	case c.clean && (dropped(p, name) || p == metadata && name == "annotations" && string(c.out[from:]) == "{}"):
		c.out = c.out[:before]
	case c.mask && (p == data || p == annotations && manifest(name, c.out[from:]) || isData(p, name) && c.out[from] != '{'):
		c.out = append(c.out[:from], masked...)
	}
	return nil
}

// manifest reports whether an annotation has a copy of the object, as kubectl, kapp
// and others keep one, also compressed.
func manifest(name string, value []byte) bool {
	return name == lastApplied || bytes.HasPrefix(value, []byte(`"{`)) || bytes.HasPrefix(value, []byte(`"H4sI`)) || bytes.Contains(value, []byte(`data\"`))
}

// isData reports whether a member is the data of a Secret, or may be: a field that
// the table does not have.
func isData(p place, name string) bool {
	return p == top && (name == "data" || name == "stringData" || strings.HasPrefix(name, "#"))
}

// inner returns the place of the members of a member.
func (c *copier) inner(p place, name string) place {
	switch {
	case p == top && name == "metadata":
		return metadata
	case p == metadata && name == "annotations":
		return annotations
	case c.mask && isData(p, name):
		return data
	}
	return elsewhere
}

// ofServer reports whether the server or its controllers set a member of metadata.
// The uids of owners are those of one cluster.
func ofServer(name string) bool {
	switch name {
	case "creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "generation", "managedFields", "ownerReferences",
		"resourceVersion", "selfLink", "uid":
		return true
	}
	return false
}

// dropped reports whether a manifest does not have a member.
func dropped(p place, name string) bool {
	switch p {
	case top:
		return name == "status"
	case metadata:
		return ofServer(name)
	case annotations:
		return name == lastApplied
	}
	return false
}

// unquoted returns the text of a JSON string, "" if it is none.
func unquoted(b []byte) string {
	if len(b) >= 2 && b[0] == '"' && bytes.IndexByte(b, '\\') < 0 {
		return string(b[1 : len(b)-1])
	}
	var s string
	if json.Unmarshal(b, &s) != nil {
		return ""
	}
	return s
}

// str reads a string with its quotes.
func (c *copier) str() ([]byte, error) {
	from, ascii := c.i, true
	for c.i++; c.i < len(c.in); c.i++ {
		b := c.in[c.i]
		switch {
		case plain(b):
		case b == '"':
			c.i++
			if s := c.in[from:c.i]; ascii || utf8.Valid(s) {
				return s, nil
			}
			return []byte(string([]rune(string(c.in[from:c.i])))), nil // each bad byte is replaced, as in encoding/json
		case b >= utf8.RuneSelf:
			ascii = false
		case b == '\\':
			if !c.escape() {
				return nil, c.unexpected("an escape sequence")
			}
		default:
			return nil, c.unexpected("a character of a string")
		}
	}
	return nil, c.unexpected("the end of a string")
}

// escape moves from a backslash to the last character of its escape sequence.
func (c *copier) escape() bool {
	if c.i++; c.i == len(c.in) {
		return false
	}
	switch c.in[c.i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return true
	case 'u':
		for range 4 {
			if c.i++; c.i == len(c.in) || !bytes.ContainsAny(c.in[c.i:c.i+1], "0123456789abcdefABCDEF") {
				return false
			}
		}
		return true
	}
	return false
}

func (c *copier) number() error {
	from := c.i
	if c.in[c.i] == '-' {
		c.i++
	}
	if c.i < len(c.in) && c.in[c.i] == '0' {
		c.i++
	} else if !c.digits() {
		return c.unexpected("a digit")
	}
	if c.i < len(c.in) && c.in[c.i] == '.' {
		if c.i++; !c.digits() {
			return c.unexpected("a digit")
		}
	}
	if c.i < len(c.in) && c.in[c.i]|0x20 == 'e' {
		if c.i++; c.i < len(c.in) && (c.in[c.i] == '+' || c.in[c.i] == '-') {
			c.i++
		}
		if !c.digits() {
			return c.unexpected("a digit")
		}
	}
	c.out = append(c.out, c.in[from:c.i]...)
	return nil
}

func (c *copier) digits() bool {
	from := c.i
	for c.i < len(c.in) && c.in[c.i] >= '0' && c.in[c.i] <= '9' {
		c.i++
	}
	return c.i > from
}
