package printer

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// openYAML prints a view's JSON document as YAML in block style. Members stay in
// order and numbers as they are written. Documents after the first begin with
// the line that separates documents in a stream.
func openYAML(Options) (func(*Text, View), error) {
	separator := ""
	return func(t *Text, v View) {
		t.Raw(separator)
		separator = "---\n"
		y := &yamlText{t: t}
		inner := t.into(y)
		document(inner, v)
		t.took(inner)
		y.end()
	}, nil
}

// yamlText turns compact JSON, as it comes, into YAML. It holds a string at most.
// Strings stay in double quotes, so that none can be taken for anything else;
// JSON's escapes are YAML's.
type yamlText struct {
	t       *Text
	open    []level
	token   []byte // of a string or scalar that has begun
	quoted  bool   // it is a string
	escaped bool   // its next byte follows a backslash
	key     bool   // a member's value is to come
}

// level is an object or array that is open.
type level struct {
	array  bool
	indent int  // of its members
	inline bool // the first of them stands on the line that is begun
	filled bool // it has one
}

// Write implements io.Writer.
func (y *yamlText) Write(b []byte) (int, error) {
	n := len(b)
	for len(b) > 0 {
		if y.quoted {
			b = y.inside(b)
		} else {
			y.outside(b[0])
			b = b[1:]
		}
	}
	return n, y.t.err
}

// inside reads on in a string and returns what follows what it has read.
func (y *yamlText) inside(b []byte) []byte {
	end := 0
	if !y.escaped {
		if end = bytes.IndexAny(b, `"\`); end < 0 {
			y.token = append(y.token, b...)
			return nil
		}
	}
	y.token = append(y.token, b[:end+1]...)
	ended := !y.escaped && b[end] == '"'
	y.escaped = !y.escaped && b[end] == '\\'
	if ended {
		y.string()
	}
	return b[end+1:]
}

func (y *yamlText) outside(c byte) {
	switch {
	case c == '"':
		y.quoted = true
		y.token = append(y.token, c)
	case strings.IndexByte("{}[],: \t\r\n", c) < 0:
		y.token = append(y.token, c)
	default:
		y.scalar()
		switch c {
		case '{', '[':
			y.begin(c == '[')
		case '}', ']':
			y.close()
		}
	}
}

// end ends the document.
func (y *yamlText) end() {
	y.scalar()
	y.t.Byte('\n')
}

// scalar prints a number, true, false or null, if one has been read.
func (y *yamlText) scalar() {
	if len(y.token) == 0 {
		return
	}
	y.value()
	y.t.Raw(string(y.token))
	y.token = y.token[:0]
}

// string prints a string that has been read: the name of a member, or a value.
func (y *yamlText) string() {
	y.quoted = false
	if top := y.top(); top != nil && !top.array && !y.key {
		y.item(top)
		y.name()
		y.t.Byte(':')
		y.key = true
	} else {
		y.value()
		y.text()
	}
	y.token = y.token[:0]
}

func (y *yamlText) top() *level {
	if len(y.open) == 0 {
		return nil
	}
	return &y.open[len(y.open)-1]
}

// item goes to where the next member of a level stands.
func (y *yamlText) item(l *level) {
	if l.filled || !l.inline {
		y.t.Byte('\n')
		y.t.Raw(strings.Repeat(" ", l.indent))
	}
	l.filled = true
	if l.array {
		y.t.Raw("- ")
	}
}

// value goes to where a value that takes part of a line stands.
func (y *yamlText) value() {
	if y.key {
		y.key = false
		y.t.Byte(' ')
	} else if top := y.top(); top != nil {
		y.item(top)
	}
}

func (y *yamlText) begin(array bool) {
	next := level{array: array}
	top := y.top()
	switch {
	case top == nil:
		next.inline = true
	case y.key:
		next.indent = top.indent + 2
		y.key = false
	default:
		y.item(top)
		next.indent = top.indent + 2
		next.inline = true
	}
	y.open = append(y.open, next)
}

// close ends a level. One without members is written as in JSON.
func (y *yamlText) close() {
	l := y.top()
	if !l.filled {
		if !l.inline {
			y.t.Byte(' ')
		}
		if l.array {
			y.t.Raw("[]")
		} else {
			y.t.Raw("{}")
		}
	}
	y.open = y.open[:len(y.open)-1]
}

// name prints the name of a member, without quotes where it needs none.
func (y *yamlText) name() {
	s := string(y.token[1 : len(y.token)-1])
	plain := s != ""
	for i, c := range []byte(s) {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i == 0 || c != '_' && c != '-' && (c < '0' || c > '9')) {
			plain = false
		}
	}
	switch strings.ToLower(s) {
	case "y", "n", "yes", "no", "on", "off", "true", "false", "null":
		plain = false
	}
	if plain {
		y.t.Raw(s)
	} else {
		y.text()
	}
}

// text prints a string in its quotes, with escapes for what YAML does not let
// stand and JSON does.
func (y *yamlText) text() {
	rest := y.token
	for i := 0; i < len(rest); {
		if rest[i] < 0x7f {
			i++
			continue
		}
		r, n := utf8.DecodeRune(rest[i:])
		if r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0x2028 || r == 0x2029 || r == 0xfeff || r == 0xfffe || r == 0xffff {
			y.t.Raw(string(rest[:i]))
			y.t.Raw(fmt.Sprintf(`\u%04x`, r))
			rest, i = rest[i+n:], 0
			continue
		}
		i += n
	}
	y.t.Raw(string(rest))
}
