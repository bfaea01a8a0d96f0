package printer

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"

	"google.golang.org/protobuf/proto"
)

// spill is the size in bytes at which a Text hands its buffer to the stream.
const spill = 64 << 10

// Text is what the line formats append to: a buffer that empties itself into a
// stream as it fills, so that a view of any size is printed in constant memory.
// The first error, of a write or by [Text.Fail], stays; text appended after it
// is discarded.
type Text struct {
	Options
	buf []byte
	w   io.Writer
	err error
	// whole is set where JSON leaves no member out and has names for
	// enumerations, as in the formats that upstream does not have.
	whole bool
	yaml  *yamlEncoder // writes documents as YAML; nil for JSON
	// hexIDs is set if ids in documents are hexadecimal strings.
	hexIDs bool
	// keepIDs is set if objects also have ids that are zero.
	keepIDs bool
}

func newText(w io.Writer, o Options) *Text {
	if o.Release == nil {
		r := DefaultRelease()
		o.Release = &r
	}
	return &Text{Options: o, w: w, hexIDs: o.Hex && o.Release.HexIDs == HexAll}
}

// HexIDs makes f append ids in documents as hexadecimal strings, even those that
// are zero.
func (t *Text) HexIDs(f func()) {
	outer := t.hexIDs
	t.hexIDs, t.keepIDs = true, true
	f()
	t.hexIDs, t.keepIDs = outer, false
}

// HexAll reports whether every id is to be hexadecimal.
func (t *Text) HexAll() bool { return t.Hex && t.Release.HexIDs == HexAll }

// flush writes the buffer out and returns the text's error, if any.
func (t *Text) flush() error {
	if t.err == nil && len(t.buf) > 0 {
		if _, err := t.w.Write(t.buf); err != nil {
			t.err = fmt.Errorf("write output: %w", err)
		}
	}
	t.buf = t.buf[:0]
	return t.err
}

// Fail ends the text with an error of the view's own source, such as the page
// of a range that could not be read. Output before it is still written.
func (t *Text) Fail(err error) {
	flushed := t.flush()
	if flushed == nil {
		t.err = err
	}
}

// Whole reports whether objects also have the members that are zero or empty.
func (t *Text) Whole() bool { return t.whole }

// Write implements io.Writer for those who print into a text.
func (t *Text) Write(b []byte) (int, error) {
	t.buf = append(t.buf, b...)
	t.room()
	return len(b), t.err
}

// setWhole makes the documents of the text omit nothing; upstream has none of
// them, so --hex applies to ids in all.
func (t *Text) setWhole() {
	t.whole = true
	t.hexIDs = t.Hex
}

// into returns a text for whole JSON documents that ends up in w.
func (t *Text) into(w io.Writer) *Text {
	inner := newText(w, t.Options)
	inner.setWhole()
	return inner
}

// took ends a text that was printed into this one.
func (t *Text) took(inner *Text) {
	if err := inner.flush(); err != nil && t.err == nil {
		t.Fail(err)
	}
}

// Failed reports whether nothing more is printed, so that a long view can stop.
func (t *Text) Failed() bool { return t.err != nil }

// Flush writes the buffered output, for a view that has to wait for more input.
func (t *Text) Flush() { _ = t.flush() } // kept in t.err

func (t *Text) room() {
	if len(t.buf) >= spill {
		_ = t.flush() // kept in t.err
	}
}

// Byte appends one byte.
func (t *Text) Byte(b byte) { t.buf = append(t.buf, b) }

// Raw appends s unchanged, except on a terminal, where [Visible] applies.
func (t *Text) Raw(s string) {
	if t.Terminal {
		s = Visible(s)
	}
	t.buf = append(t.buf, s...)
	t.room()
}

// Line appends s and a line end.
func (t *Text) Line(s string) {
	t.Raw(s)
	t.Byte('\n')
}

// Printf appends formatted text. It is meant for a small number of lines.
func (t *Text) Printf(format string, args ...any) {
	if t.Terminal {
		t.Raw(fmt.Sprintf(format, args...))
		return
	}
	t.buf = fmt.Appendf(t.buf, format, args...)
	t.room()
}

// Int appends i in decimal.
func (t *Text) Int(i int64) { t.buf = strconv.AppendInt(t.buf, i, 10) }

// Uint appends u in decimal.
func (t *Text) Uint(u uint64) { t.buf = strconv.AppendUint(t.buf, u, 10) }

// Quoted appends b as a Go string literal.
func (t *Text) Quoted(b []byte) {
	t.buf = strconv.AppendQuote(t.buf, string(b))
	t.room()
}

// Data appends b unchanged, or with --hex each byte as \xNN.
func (t *Text) Data(b []byte) {
	if !t.Hex {
		t.buf = append(t.buf, b...)
		t.room()
		return
	}
	for _, c := range b {
		t.buf = append(t.buf, '\\', 'x')
		t.buf = hex.AppendEncode(t.buf, []byte{c})
	}
	t.room()
}

// Name appends a key for people, in hex if that is asked for, and otherwise quoted
// as in a table, so that it can't reach the terminal as a command or end the line.
func (t *Text) Name(b []byte) {
	if t.Hex {
		t.Data(b)
		return
	}
	t.Raw(quoted(b))
}

// Base64 appends b in standard base64 with padding.
func (t *Text) Base64(b []byte) {
	t.buf = base64.StdEncoding.AppendEncode(t.buf, b)
	t.room()
}

// Message appends m in protocol buffer wire format.
func (t *Text) Message(m proto.Message) {
	buf, err := proto.MarshalOptions{}.MarshalAppend(t.buf, m)
	if err != nil {
		t.Fail(fmt.Errorf("marshal %s: %w", m.ProtoReflect().Descriptor().FullName(), err))
		return
	}
	t.buf = buf
	t.room()
}
