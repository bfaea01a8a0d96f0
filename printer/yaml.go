package printer

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// openYAML prints a view's document as YAML in block style. Members stay in
// order and numbers as they are written. Documents after the first begin with
// the line that separates documents in a stream.
func openYAML(Options) (func(*Text, View), error) {
	separator := ""
	return func(t *Text, v View) {
		t.Raw(separator)
		separator = "---\n"
		t.setWhole()
		t.yaml = &yamlEncoder{indent: -yamlStep}
		document(t, v)
		t.Byte('\n')
	}, nil
}

// yamlStep is how much further the members of a level are indented.
const yamlStep = 2

// yamlEncoder writes the objects and arrays of a text as YAML. Strings stay in
// double quotes, so that none can be taken for anything else; JSON's escapes are
// YAML's.
type yamlEncoder struct {
	indent int  // of the members of the innermost open level
	named  bool // the next value follows the name of its member
}

// level is an object or array that is open. JSON has no need of it.
type level struct {
	outer  int  // the indent outside of it
	below  bool // its first member is on its own line
	filled bool // it has a member
}

// open begins a level.
func (y *yamlEncoder) open() level {
	l := level{outer: y.indent, below: y.named}
	y.indent += yamlStep
	y.named = false
	return l
}

// item moves to the place of the next member.
func (y *yamlEncoder) item(t *Text, l *level) {
	if l.filled || l.below {
		t.Byte('\n')
		t.Raw(strings.Repeat(" ", y.indent))
	}
	l.filled = true
}

// key begins a member of an object.
func (y *yamlEncoder) key(t *Text, l *level, name string) {
	y.item(t, l)
	t.Raw(yamlName(name))
	t.Byte(':')
	y.named = true
}

// element begins an element of an array.
func (y *yamlEncoder) element(t *Text, l *level) {
	y.item(t, l)
	t.Raw("- ")
	y.named = false
}

// lead moves to the position of a value that needs no new line.
func (y *yamlEncoder) lead(t *Text) {
	if y.named {
		t.Byte(' ')
	}
	y.named = false
}

// close ends a level. One without members is written as in JSON.
func (y *yamlEncoder) close(t *Text, l *level, empty string) {
	if !l.filled {
		if l.below {
			t.Byte(' ')
		}
		t.Raw(empty)
	}
	y.indent = l.outer
}

// yamlName is the name of a member, without quotes if it needs none.
func yamlName(name string) string {
	plain := name != ""
	for i, c := range []byte(name) {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i == 0 || c != '_' && c != '-' && (c < '0' || c > '9')) {
			plain = false
		}
	}
	switch strings.ToLower(name) {
	case "y", "n", "yes", "no", "on", "off", "true", "false", "null":
		plain = false
	}
	if plain {
		return name
	}
	return string(yamlString([]byte(`"` + name + `"`)))
}

// yamlString returns a string of JSON, in its quotes, with escapes for the
// characters that JSON allows and YAML does not.
func yamlString(s []byte) []byte {
	var out []byte
	done := 0 // bytes of s that are in out
	for i := 0; i < len(s); {
		if s[i] < 0x7f {
			i++
			continue
		}
		r, n := utf8.DecodeRune(s[i:])
		if r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0x2028 || r == 0x2029 || r == 0xfeff || r == 0xfffe || r == 0xffff {
			out = fmt.Appendf(append(out, s[done:i]...), `\u%04x`, r)
			done = i + n
		}
		i += n
	}
	if done == 0 {
		return s
	}
	return append(out, s[done:]...)
}
