package diff

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aymanbagabas/go-udiff"
)

const (
	// maxValue is the largest value, in bytes, that is compared line by line.
	maxValue = 1 << 20
	// contextLines is how many equal lines are shown beside a difference.
	contextLines = 3
	// hexLine is how many bytes a line of hexadecimal has.
	hexLine = 16
)

// Values returns how two values differ, as lines that begin with " ", "-" or "+",
// and with "@@" between parts that are not shown: JSON documents one member a
// line, other text by its lines, and bytes in hexadecimal. Of values of more than
// 1 MiB it says only how long they are. It returns "" for equal values.
func Values(older, newer []byte) string {
	if bytes.Equal(older, newer) {
		return ""
	}
	if max(len(older), len(newer)) > maxValue {
		return fmt.Sprintf("-%d bytes\n+%d bytes\n", len(older), len(newer))
	}
	a, b := comparable(older, newer)
	patch, err := udiff.ToUnified("", "", a, udiff.Lines(a, b), contextLines)
	if err != nil || patch == "" {
		return fmt.Sprintf("-%d bytes\n+%d bytes\n", len(older), len(newer)) // they differ in how the JSON is written
	}
	_, patch, _ = strings.Cut(patch, "\n") // the names of the two files
	_, patch, _ = strings.Cut(patch, "\n")
	return patch
}

// comparable returns two values as text to compare by lines.
func comparable(older, newer []byte) (a, b string) {
	if a, ok := pretty(older); ok {
		if b, ok := pretty(newer); ok {
			return a, b
		}
	}
	if isText(older) && isText(newer) {
		return line(string(older)), line(string(newer))
	}
	return dump(older), dump(newer)
}

// pretty indents a JSON object or array. An empty value is one without members.
func pretty(value []byte) (string, bool) {
	if len(value) == 0 {
		return "", true
	}
	value = bytes.TrimSpace(value)
	if len(value) == 0 || value[0] != '{' && value[0] != '[' || !isText(value) {
		return "", false
	}
	var b bytes.Buffer
	if json.Indent(&b, value, "", "  ") != nil {
		return "", false
	}
	return line(b.String()), true
}

// isText reports whether a value is text without control characters.
func isText(value []byte) bool {
	odd := func(r rune) bool {
		return r == utf8.RuneError || unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r'
	}
	return bytes.IndexFunc(value, odd) < 0
}

// line ends a text with a line end, if it has not: a last line without one
// differs from the same with one in no way that matters here.
func line(text string) string {
	if text == "" || strings.HasSuffix(text, "\n") {
		return text
	}
	return text + "\n"
}

// dump returns bytes in hexadecimal.
func dump(value []byte) string {
	var b strings.Builder
	for len(value) > 0 {
		n := min(hexLine, len(value))
		b.WriteString(hex.EncodeToString(value[:n]))
		b.WriteByte('\n')
		value = value[n:]
	}
	return b.String()
}
