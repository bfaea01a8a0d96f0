package lines

import (
	"errors"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// cursor walks through one JSON object. It is stricter than encoding/json:
// unknown or repeated names, invalid UTF-8 and half surrogate pairs are errors
// rather than ignored or replaced, because the result is written to a store.
type cursor struct {
	b []byte
	i int
}

var errCut = errors.New("the line ends in the middle")

// readLine reads an object of strings and numbers.
func readLine(b []byte) (line, error) {
	c := &cursor{b: b}
	l := line{texts: make(map[string]string, 4), ints: make(map[string]int64, 4)}
	if err := c.expect('{'); err != nil {
		return l, err
	}
	if c.next() == '}' {
		c.i++
		return l, c.end()
	}
	for {
		if err := c.member(l); err != nil {
			return l, err
		}
		switch c.next() {
		case ',':
			c.i++
		case '}':
			c.i++
			return l, c.end()
		default:
			return l, c.unexpected("a comma or }")
		}
	}
}

// member reads a name and its value.
func (c *cursor) member(l line) error {
	c.next()
	name, err := c.str()
	if err != nil {
		return err
	}
	kind, known := kind(name)
	if !known {
		return fmt.Errorf("unknown field %q", name)
	}
	_, text := l.texts[name]
	_, number := l.ints[name]
	if text || number {
		return fmt.Errorf("field %q stands there twice", name)
	}
	if err := c.expect(':'); err != nil {
		return err
	}
	isString := c.next() == '"'
	switch {
	case c.i == len(c.b):
		return errCut
	case isString && kind == kindNumber:
		return fmt.Errorf("%s is no number", name)
	case !isString && kind == kindString:
		return fmt.Errorf("%s is no string", name)
	case isString:
		l.texts[name], err = c.str()
	default:
		l.ints[name], err = c.number(name)
	}
	return err
}

// next skips white space and returns the byte that follows, 0 at the end.
func (c *cursor) next() byte {
	for ; c.i < len(c.b); c.i++ {
		switch c.b[c.i] {
		case ' ', '\t', '\r', '\n':
		default:
			return c.b[c.i]
		}
	}
	return 0
}

func (c *cursor) expect(b byte) error {
	if c.next() != b {
		return c.unexpected(string(rune(b)))
	}
	c.i++
	return nil
}

func (c *cursor) unexpected(wanted string) error {
	if c.i == len(c.b) {
		return errCut
	}
	return fmt.Errorf("%q at byte %d, where %s should be", c.b[c.i], c.i+1, wanted)
}

func (c *cursor) end() error {
	c.next()
	if c.i < len(c.b) {
		return c.unexpected("the end of the line")
	}
	return nil
}

// number reads an integer that is not negative.
func (c *cursor) number(name string) (int64, error) {
	from := c.i
	for c.i < len(c.b) && c.b[c.i] >= '0' && c.b[c.i] <= '9' {
		c.i++
	}
	digits := string(c.b[from:c.i])
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || len(digits) > 1 && digits[0] == '0' {
		return 0, fmt.Errorf("%s is not a whole number from 0 on", name)
	}
	return n, nil
}

// str reads a string.
func (c *cursor) str() (string, error) {
	if err := c.expect('"'); err != nil {
		return "", err
	}
	from := c.i
	for ; c.i < len(c.b); c.i++ {
		switch b := c.b[c.i]; {
		case b == '"':
			s := c.b[from:c.i]
			c.i++
			return string(s), utf8Only(s)
		case b == '\\':
			return c.escaped(append([]byte(nil), c.b[from:c.i]...))
		case b < ' ':
			return "", fmt.Errorf("control character %q at byte %d of the line", b, c.i+1)
		}
	}
	return "", errCut
}

func utf8Only(s []byte) error {
	if !utf8.Valid(s) {
		return errors.New("text that is not UTF-8: it has to be base64")
	}
	return nil
}

// escaped reads the rest of a string, whose part before the first escape is s.
func (c *cursor) escaped(s []byte) (string, error) {
	for c.i < len(c.b) {
		b := c.b[c.i]
		c.i++
		switch {
		case b == '"':
			return string(s), utf8Only(s)
		case b < ' ':
			return "", fmt.Errorf("control character %q at byte %d of the line", b, c.i)
		case b != '\\':
			s = append(s, b)
		default:
			var err error
			if s, err = c.escape(s); err != nil {
				return "", err
			}
		}
	}
	return "", errCut
}

// escape appends the character of an escape sequence, after its backslash.
func (c *cursor) escape(s []byte) ([]byte, error) {
	if c.i == len(c.b) {
		return nil, errCut
	}
	b := c.b[c.i]
	c.i++
	switch b {
	case '"', '\\', '/':
		return append(s, b), nil
	case 'b':
		return append(s, '\b'), nil
	case 'f':
		return append(s, '\f'), nil
	case 'n':
		return append(s, '\n'), nil
	case 'r':
		return append(s, '\r'), nil
	case 't':
		return append(s, '\t'), nil
	case 'u':
		r, err := c.unicode()
		return utf8.AppendRune(s, r), err
	}
	return nil, fmt.Errorf("unknown escape \\%c at byte %d", b, c.i-1)
}

// unicode reads the digits of \uXXXX, and the second half of a surrogate pair.
func (c *cursor) unicode() (rune, error) {
	r, err := c.hex()
	if err != nil || !utf16.IsSurrogate(r) {
		return r, err
	}
	if c.i+2 <= len(c.b) && c.b[c.i] == '\\' && c.b[c.i+1] == 'u' {
		c.i += 2
		second, err := c.hex()
		if err != nil {
			return 0, err
		}
		if r = utf16.DecodeRune(r, second); r != utf8.RuneError {
			return r, nil
		}
	}
	return 0, fmt.Errorf("half a surrogate pair before byte %d", c.i+1)
}

func (c *cursor) hex() (rune, error) {
	if c.i+4 > len(c.b) {
		return 0, errCut
	}
	n, err := strconv.ParseUint(string(c.b[c.i:c.i+4]), 16, 16)
	if err != nil {
		return 0, fmt.Errorf("bad \\u escape at byte %d", c.i-1)
	}
	c.i += 4
	return rune(n), nil
}
