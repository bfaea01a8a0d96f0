package printer

import (
	"errors"
	"strings"
	"testing"

	"google.golang.org/protobuf/types/known/wrapperspb"
)

// writes remembers each write, and fails from the one on that fail says.
type writes struct {
	each []string
	fail int // 1 is the first; 0 is none
	err  error
}

func (w *writes) Write(b []byte) (int, error) {
	w.each = append(w.each, string(b))
	if w.fail > 0 && len(w.each) >= w.fail {
		return 0, w.err
	}
	return len(b), nil
}

func TestTextSpills(t *testing.T) {
	t.Parallel()
	w := &writes{}
	text := newText(w, Options{})
	line := strings.Repeat("x", 999)
	for range 200 {
		text.Line(line)
	}
	if len(w.each) != 3 { // a write per 66 lines of 1000 bytes
		t.Errorf("%d writes before the flush, want 3", len(w.each))
	}
	if cap(text.buf) > 2*spill {
		t.Errorf("the buffer has grown to %d bytes", cap(text.buf))
	}
	if err := text.flush(); err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(w.each, ""), strings.Repeat(line+"\n", 200); got != want {
		t.Errorf("got %d bytes, want %d, or they differ", len(got), len(want))
	}
	if err := text.flush(); err != nil || len(w.each) != 4 {
		t.Errorf("an empty flush wrote something (%d writes, %v)", len(w.each), err)
	}
}

func TestTextKeepsFirstError(t *testing.T) {
	t.Parallel()
	full := errors.New("disk full")
	w := &writes{fail: 2, err: full}
	text := newText(w, Options{})
	piece := strings.Repeat("x", spill)
	text.Raw(piece)
	if text.Failed() {
		t.Error("failed before any error")
	}
	text.Raw(piece)
	if !text.Failed() {
		t.Error("not failed after a write did")
	}
	text.Raw(piece)
	text.Fail(errors.New("a later error"))
	err := text.flush()
	if !errors.Is(err, full) || err.Error() != "write output: disk full" {
		t.Errorf("error %v, want the one of the write", err)
	}
	if len(w.each) != 2 {
		t.Errorf("%d writes, want none after the one that failed", len(w.each))
	}
}

func TestTextFail(t *testing.T) {
	t.Parallel()
	w := &writes{}
	text := newText(w, Options{})
	text.Raw("before")
	lost := errors.New("page lost")
	text.Fail(lost)
	text.Raw("after")
	if err := text.flush(); !errors.Is(err, lost) || err.Error() != "page lost" {
		t.Errorf("error %v, want that of the view", err)
	}
	if got := strings.Join(w.each, "|"); got != "before" {
		t.Errorf("written %q, want what came before the error", got)
	}
}

func TestTextAppends(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		hex    bool
		append func(*Text)
		want   string
	}{
		{"byte", false, func(t *Text) { t.Byte('a') }, "a"},
		{"raw", false, func(t *Text) { t.Raw("a\xff\n") }, "a\xff\n"},
		{"line", false, func(t *Text) { t.Line("a") }, "a\n"},
		{"printf", false, func(t *Text) { t.Printf("%03d%s", 7, "%") }, "007%"},
		{"int", false, func(t *Text) { t.Int(-9223372036854775808) }, "-9223372036854775808"},
		{"uint", false, func(t *Text) { t.Uint(18446744073709551615) }, "18446744073709551615"},
		{"quoted", false, func(t *Text) { t.Quoted([]byte("a\"\x00é")) }, `"a\"\x00é"`},
		{"data", false, func(t *Text) { t.Data([]byte("a\x00\xff")) }, "a\x00\xff"},
		{"data in hex", true, func(t *Text) { t.Data([]byte("a\x00\xff")) }, `\x61\x00\xff`},
		{"no data in hex", true, func(t *Text) { t.Data(nil) }, ""},
		{"base64", false, func(t *Text) { t.Base64([]byte{0xfb, 0xff}) }, "+/8="},
		{"JSON string", false, func(t *Text) { t.JSONString("<a\">\xff\u2028") }, `"\u003ca\"\u003e\ufffd\u2028"`},
		{"message", false, func(t *Text) { t.Message(wrapperspb.String("abc")) }, "\n\x03abc"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := &writes{}
			text := newText(w, Options{Hex: tt.hex})
			tt.append(text)
			if err := text.flush(); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(w.each, ""); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestTextBadMessage(t *testing.T) {
	t.Parallel()
	text := newText(&writes{}, Options{})
	text.Message(wrapperspb.String("\xff"))
	err := text.flush()
	if err == nil || !strings.HasPrefix(err.Error(), "marshal google.protobuf.StringValue: ") {
		t.Errorf("error %v, want one that names the message", err)
	}
}
