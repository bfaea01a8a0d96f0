package bundle

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
)

const (
	// maxLog is how much of a log is packed: its end, in bytes.
	maxLog = 128 << 20
	// maxLine is how much of a line is packed, in bytes.
	maxLine = 1 << 20
)

// LogFile adds the end of a log: its last 128 MiB.
func (b *Bundle) LogFile(name, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // it was only read
	info, err := f.Stat()
	if err != nil {
		return err
	}
	about := "the log " + path
	var r io.Reader = f
	if info.Mode().IsRegular() {
		r = io.LimitReader(f, info.Size()) // and not what is written to it meanwhile
		if info.Size() > maxLog {
			if _, err := f.Seek(-maxLog, io.SeekEnd); err != nil {
				return err
			}
			about += fmt.Sprintf(" (only its end: it has %d bytes)", info.Size())
			r = io.LimitReader(f, maxLog)
		}
	}
	return b.Log(name, about, r)
}

// Log adds a log, without the secrets in it, and with names of keys hidden where
// etcd's servers have them in their logs. Of a log that is longer than 128 MiB it
// adds the beginning.
func (b *Bundle) Log(name, about string, r io.Reader) error {
	e := Entry{Name: name, About: b.Redact.Text(about), offset: b.size}
	c := newCleaner(b)
	lines := bufio.NewReaderSize(io.LimitReader(r, maxLog), 1<<16)
	for {
		line, err := readLine(lines)
		if line != "" {
			if err := b.append(c.line(line)); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	b.add(e)
	return nil
}

// readLine reads a line with its end, or as much of it as is packed.
func readLine(r *bufio.Reader) (string, error) {
	var line strings.Builder
	for {
		part, err := r.ReadSlice('\n')
		room := min(maxLine-line.Len(), len(part))
		line.Write(part[:room])
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if room < len(part) {
			line.WriteString(" (cut)\n")
		}
		return line.String(), err
	}
}

// cleaner removes from the lines of a log what is not to be passed on.
type cleaner struct {
	*Bundle
	inKey            bool           // within a private key
	begin, end, body *regexp.Regexp // of a private key
	literal          *regexp.Regexp // a string of JSON
	quoted, unquoted *regexp.Regexp // a key in text
	value            *regexp.Regexp // a value in text
	field            *regexp.Regexp // the name of a field that is a key
}

func newCleaner(b *Bundle) *cleaner {
	return &cleaner{
		Bundle:  b,
		begin:   regexp.MustCompile(`-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----`),
		end:     regexp.MustCompile(`-----END [A-Z0-9 ]*PRIVATE KEY-----`),
		body:    regexp.MustCompile(`^\s*([A-Za-z0-9+/=]*|[A-Za-z-]+: .*)\s*$`),
		literal: regexp.MustCompile(`"(?:[^"\\]|\\.)*"`),
		// Requests are logged as text of protocol buffers, and traces in braces.
		quoted:   regexp.MustCompile(`\b(key|range_end):\s*("(?:[^"\\]|\\.)*(?:"|\\?$))`),
		unquoted: regexp.MustCompile(`\b(key|range_begin|range_end):([^";].*?)(; (?:[a-z_]+:|\})|\s*$)`),
		value:    regexp.MustCompile(`\bvalue:\s*"(?:[^"\\]|\\.)*(?:"|\\?$)`),
		field:    regexp.MustCompile(`^"(key|keys|range[-_]begin|range[-_]end)"$`),
	}
}

// line returns a line as it is passed on, "" to leave it out.
func (c *cleaner) line(line string) string {
	if c.inKey && (c.end.MatchString(line) || c.body.MatchString(line)) {
		c.inKey = !c.end.MatchString(line)
		return ""
	}
	c.inKey = c.begin.MatchString(line) && !c.end.MatchString(line)
	ends := strings.HasSuffix(line, "\n")
	if strings.HasPrefix(line, "{") && json.Valid([]byte(line)) {
		line = c.fields(line)
	} else {
		line = c.text(strings.ReplaceAll(line, `\"`, `"`)) // it may be JSON that is cut
	}
	clean := c.Redact.Text(line)
	if ends && !strings.HasSuffix(clean, "\n") {
		clean += "\n"
	}
	return clean
}

// fields hides names of keys, and values, in the strings of a line of JSON, and
// changes nothing else in it.
func (c *cleaner) fields(line string) string {
	var s strings.Builder
	done, before := 0, ""
	for _, at := range c.literal.FindAllStringIndex(line, -1) {
		text := line[at[0]:at[1]]
		s.WriteString(line[done:at[0]])
		isValue := strings.HasSuffix(strings.TrimRight(line[:at[0]], " "), ":")
		s.WriteString(c.string(text, isValue && c.field.MatchString(before)))
		done, before = at[1], text
	}
	return s.String() + line[done:]
}

// string hides names of keys, and values, in a string of JSON, which may be a name
// as a whole.
func (c *cleaner) string(literal string, isName bool) string { //nolint:revive // it is what the name of the field says
	var text string
	if err := json.Unmarshal([]byte(literal), &text); err != nil {
		return c.text(literal)
	}
	hidden := c.text(text)
	if isName {
		hidden = c.Names.Of(text)
	}
	if hidden == text {
		return literal
	}
	again, err := document(hidden)
	if err != nil {
		return `""`
	}
	return strings.TrimSuffix(again, "\n")
}

// text hides names of keys, and values, in text.
func (c *cleaner) text(text string) string {
	text = c.value.ReplaceAllString(text, `value:"***"`)
	if c.Names == nil {
		return text
	}
	text = c.quoted.ReplaceAllStringFunc(text, func(found string) string {
		m := c.quoted.FindStringSubmatch(found)
		name, err := strconv.Unquote(m[2])
		if err != nil {
			name = strings.Trim(m[2], "\"\n")
		}
		return m[1] + ":" + strconv.Quote(c.Names.Of(name))
	})
	var s strings.Builder
	for { // one match may begin where another one ends
		at := c.unquoted.FindStringSubmatchIndex(text)
		if at == nil {
			return s.String() + text
		}
		s.WriteString(text[:at[4]] + c.Names.Of(text[at[4]:at[5]]))
		text = text[at[5]:]
	}
}
