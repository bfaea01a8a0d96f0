// Package editor lets a person change a value in the editor of their choice: how
// the value is shown, what becomes of what was written, and two versions of it in
// one text. It knows neither etcd nor commands.
package editor

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// ErrBinary says that a value is no text.
var ErrBinary = errors.New("the value is not text")

// Text is a value as an editor shows it.
type Text struct {
	// Shown is the value, and ends with a line end. JSON on one line is indented.
	Shown []byte
	// Suffix is the suffix of a file with it, such as ".json".
	Suffix string

	json    bool // it must stay JSON
	compact bool // it was JSON on one line
	ended   bool // it ended with a line end
}

// Show returns the text of a value.
func Show(value []byte) (Text, error) {
	if !utf8.Valid(value) || bytes.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' && r != '\r' || r == 0x7f }) {
		return Text{}, ErrBinary
	}
	t := Text{Shown: bytes.Clone(value), Suffix: ".txt", ended: bytes.HasSuffix(value, []byte("\n"))}
	if trimmed := bytes.TrimSpace(value); len(trimmed) > 0 && (trimmed[0] == '{' || trimmed[0] == '[') && json.Valid(value) {
		t.json, t.Suffix = true, ".json"
		var compact, indented bytes.Buffer
		if json.Compact(&compact, value) == nil && bytes.Equal(compact.Bytes(), bytes.TrimSuffix(value, []byte("\n"))) && json.Indent(&indented, compact.Bytes(), "", "  ") == nil {
			t.compact, t.Shown = true, indented.Bytes()
		}
	}
	if !bytes.HasSuffix(t.Shown, []byte("\n")) {
		t.Shown = append(t.Shown, '\n')
	}
	return t, nil
}

// Value returns the value that an edited text stands for: in the form that the
// value had before. An error says what is wrong with the text.
func (t Text) Value(edited []byte) ([]byte, error) {
	switch {
	case len(bytes.TrimSpace(edited)) == 0:
		return nil, errors.New("the text is empty")
	case hasMarks(edited):
		return nil, errors.New("the text still has the marks of two versions")
	}
	value := bytes.Clone(edited)
	if t.json {
		if err := checkJSON(edited); err != nil {
			return nil, fmt.Errorf("the value was JSON, and the text is not: %w", err)
		}
	}
	if t.compact {
		var out bytes.Buffer
		if err := json.Compact(&out, edited); err != nil {
			return nil, err
		}
		value = out.Bytes()
	}
	value = bytes.TrimSuffix(value, []byte("\n"))
	if t.ended {
		value = append(value, '\n')
	}
	return value, nil
}

// checkJSON returns an error with the line of a mistake.
func checkJSON(text []byte) error {
	var v any
	err := json.Unmarshal(text, &v)
	if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
		return fmt.Errorf("line %d: %w", 1+bytes.Count(text[:min(int(syntax.Offset), len(text))], []byte("\n")), err)
	}
	return err
}

// The marks around two versions, as version control systems have them.
const (
	markYours  = "<<<<<<< yours"
	markBorder = "======="
	markTheirs = ">>>>>>> "
)

func hasMarks(text []byte) bool {
	for line := range bytes.Lines(text) {
		if bytes.HasPrefix(line, []byte(markYours)) || bytes.HasPrefix(line, []byte(markTheirs)) {
			return true
		}
	}
	return false
}

// Both returns a text with two versions: the lines at the beginning and the end
// that they share, and between them both versions of the others. whose names the
// second version.
func Both(yours, theirs []byte, whose string) []byte {
	a, b := lines(yours), lines(theirs)
	head := 0
	for head < min(len(a), len(b)) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < min(len(a), len(b))-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	var out strings.Builder
	write := func(all ...string) {
		for _, line := range all {
			out.WriteString(strings.TrimSuffix(line, "\n") + "\n")
		}
	}
	write(a[:head]...)
	write(markYours)
	write(a[head : len(a)-tail]...)
	write(markBorder)
	write(b[head : len(b)-tail]...)
	write(markTheirs + whose)
	write(a[len(a)-tail:]...)
	return []byte(out.String())
}

func lines(text []byte) (all []string) {
	for line := range strings.Lines(string(text)) {
		all = append(all, line)
	}
	return all
}
