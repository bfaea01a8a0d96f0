package printer

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"
)

// JSONValue appends a JSON value, which has no white space, as a value of a document.
func (t *Text) JSONValue(b []byte) {
	if t.yaml == nil {
		t.buf = append(t.buf, b...)
		t.room()
		return
	}
	w := blockWriter{t: t, rest: b}
	if t.yaml.named {
		w.member(t.yaml.indent)
	} else {
		w.element(t.yaml.indent)
	}
	t.yaml.named = false
}

// YAML appends a JSON value, which has no white space, as a YAML document in the
// style of kubectl: strings without quotes if they need none, texts as blocks.
func (t *Text) YAML(b []byte) {
	w := blockWriter{t: t, rest: b}
	w.element(-yamlStep)
	t.Byte('\n')
}

// YAML returns a JSON value, which has no white space, as [Text.YAML] appends it.
func YAML(doc []byte) string {
	var out strings.Builder
	t := newText(&out, Options{})
	t.YAML(doc)
	t.Flush()
	return out.String()
}

// blockWriter writes a JSON value as YAML in block style.
type blockWriter struct {
	t    *Text
	rest []byte // of the JSON value
}

// member writes the value of a member, whose name is at an indent and has just been
// written.
func (w *blockWriter) member(indent int) {
	switch {
	case w.filled('{'):
		w.line(indent + yamlStep)
		w.object(indent + yamlStep)
	case w.filled('['):
		w.line(indent)
		w.array(indent)
	default:
		w.t.Byte(' ')
		w.scalar(indent)
	}
}

// element writes the element of an array, after its dash at an indent, or a document.
func (w *blockWriter) element(indent int) {
	switch {
	case w.filled('{'):
		w.object(indent + yamlStep)
	case w.filled('['):
		w.array(indent + yamlStep)
	default:
		w.scalar(indent)
	}
}

// filled opens an object or an array, unless it is empty or the value is another.
func (w *blockWriter) filled(open byte) bool {
	if w.rest[0] != open || w.rest[1] == open+2 { // in ASCII, } is { + 2, and ] is [ + 2
		return false
	}
	w.rest = w.rest[1:]
	return true
}

// more consumes the comma after a member, or the end.
func (w *blockWriter) more() bool {
	c := w.rest[0]
	w.rest = w.rest[1:]
	return c == ','
}

// line begins a line.
func (w *blockWriter) line(indent int) {
	w.t.Byte('\n')
	for range indent {
		w.t.Byte(' ')
	}
	w.t.room()
}

func (w *blockWriter) object(indent int) {
	for {
		w.name(w.quoted(), indent)
		w.t.Byte(':')
		w.rest = w.rest[1:] // the colon
		w.member(indent)
		if !w.more() {
			return
		}
		w.line(indent)
	}
}

// simpleKey is the most characters that a name may have on the line of its value
// (YAML 1.2.2, 7.4.2). One that may be longer is marked with a "?"; each of its
// bytes may take six characters as an escape.
const simpleKey = 1024 / 6

// name writes the name of a member, for which the caller adds the colon.
func (w *blockWriter) name(name string, indent int) {
	if len(name) > simpleKey {
		w.t.Raw("? ")
		defer w.line(indent)
	}
	if plainYAML(name) {
		w.t.Raw(name)
	} else {
		w.quote(name)
	}
}

func (w *blockWriter) array(indent int) {
	for {
		w.t.Raw("- ")
		w.element(indent)
		if !w.more() {
			return
		}
		w.line(indent)
	}
}

// scalar writes a string, a number, a word, or an empty object or array.
func (w *blockWriter) scalar(indent int) {
	if w.rest[0] != '"' {
		n := 2
		if c := w.rest[0]; c != '{' && c != '[' {
			if n = bytes.IndexAny(w.rest, ",]}"); n < 0 {
				n = len(w.rest)
			}
		}
		w.t.Raw(string(w.rest[:n]))
		w.rest = w.rest[n:]
		return
	}
	switch s := w.quoted(); {
	case plainYAML(s):
		w.t.Raw(s)
	case blockYAML(s):
		w.block(s, indent+yamlStep)
	default:
		w.quote(s)
	}
}

// quoted consumes a string and returns its text.
func (w *blockWriter) quoted() string {
	n := 1
	escaped := false
	for w.rest[n] != '"' {
		if w.rest[n] == '\\' {
			escaped = true
			n++
		}
		n++
	}
	token := w.rest[:n+1]
	w.rest = w.rest[n+1:]
	if !escaped {
		return string(token[1:n])
	}
	var s string
	_ = json.Unmarshal(token, &s) // a string of a value that is JSON
	return s
}

func (w *blockWriter) quote(s string) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // no string fails
	w.t.buf = append(w.t.buf, yamlString(bytes.TrimSuffix(b.Bytes(), []byte("\n")))...)
	w.t.room()
}

// block writes a text of several lines as it is.
func (w *blockWriter) block(s string, indent int) {
	body := strings.TrimRight(s, "\n")
	switch len(s) - len(body) {
	case 0:
		w.t.Raw("|-")
	case 1:
		w.t.Raw("|")
	default:
		w.t.Raw("|+")
	}
	for line := range strings.SplitSeq(body, "\n") {
		if line == "" {
			w.t.Byte('\n')
			continue
		}
		w.line(max(indent, yamlStep))
		w.t.Raw(line)
	}
	for range len(s) - len(body) - 1 {
		w.t.Byte('\n')
	}
}

// blockYAML reports whether a text can be a literal block: it has several lines, the
// first of which shows the indent, and nothing that has to be escaped.
func blockYAML(s string) bool {
	if !strings.Contains(s, "\n") || strings.Trim(s, " \t\n") == "" || s[0] == ' ' || s[0] == '\t' || s[0] == '\n' {
		return false
	}
	for _, r := range s {
		if r != '\n' && r != '\t' && !unicode.IsPrint(r) || r == utf8.RuneError {
			return false
		}
	}
	return true
}

// plainYAML reports whether a text is the same string without quotes, for every
// parser of YAML 1.1 or 1.2.
func plainYAML(s string) bool {
	if s == "" || !letter(s[0]) && s[0] != '/' && s[0] != '_' || s[len(s)-1] == ' ' || s[len(s)-1] == ':' {
		return false
	}
	for i, r := range s {
		switch {
		case r < utf8.RuneSelf && letter(byte(r)), r >= '0' && r <= '9', strings.ContainsRune("_./-@+=(),%;", r):
		case r == ' ' && i > 0 && s[i-1] != ':':
		case r == ':':
		case r >= utf8.RuneSelf && r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)):
		default:
			return false
		}
	}
	switch strings.ToLower(s) {
	case "y", "n", "yes", "no", "on", "off", "true", "false", "null":
		return false
	}
	return true
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
