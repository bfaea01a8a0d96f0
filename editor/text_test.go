package editor

import (
	"errors"
	"strings"
	"testing"
)

// A value that is shown and not changed stays the same, byte for byte.
func TestUnchanged(t *testing.T) {
	t.Parallel()
	for _, value := range []string{
		"text", "text\n", "two\nlines", "two\n\n", `{"a":1,"b":[1,2,{"c":"<&>"}],"n":1234567890123456789.0}`, `{"a":1}` + "\n", "{\n  \"a\": 1\n}", "{\n\t\"a\": 1\n}\n",
		`{"a": 1}`, `[1,2]`, `[]`, "{}", "12", `"x"`, "{broken", "ü\tx", "a\r\nb\r\n",
	} {
		text, err := Show([]byte(value))
		if err != nil {
			t.Errorf("%q: %v", value, err)
			continue
		}
		if got, err := text.Value(text.Shown); err != nil || string(got) != value {
			t.Errorf("%q is shown as %q and becomes %q, %v", value, text.Shown, got, err)
		}
	}
}

func TestShow(t *testing.T) {
	t.Parallel()
	text, err := Show([]byte(`{"b":1,"a":{"c":[1]}}`))
	if want := "{\n  \"b\": 1,\n  \"a\": {\n    \"c\": [\n      1\n    ]\n  }\n}\n"; err != nil || string(text.Shown) != want || text.Suffix != ".json" {
		t.Errorf("%q, %q, %v", text.Shown, text.Suffix, err)
	}
	for _, value := range []string{"\x00", "a\x1b[1m", "\xff", "k8s\x00\n"} {
		if _, err := Show([]byte(value)); !errors.Is(err, ErrBinary) {
			t.Errorf("%q: %v", value, err)
		}
	}
}

func TestValue(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ value, edited, want, wantErr string }{
		{`{"a":1}`, "{\n  \"a\": 2 }\n", `{"a":2}`, ""},
		{"{\n  \"a\": 1\n}\n", "{\n   \"a\": 2\n}", "{\n   \"a\": 2\n}\n", ""},
		{"x", "y\n", "y", ""},
		{"x", "y", "y", ""},
		{"x\n", "y", "y\n", ""},
		{"x", "y\n\n", "y\n", ""},
		{`{"a":1}`, "{\n\n\"a\": }\n", "", "the value was JSON, and the text is not: line 3: invalid character '}'"},
		{"x", " \n", "", "empty"},
		{"x", "<<<<<<< yours\na\n=======\nb\n>>>>>>> revision 3\n", "", "marks"},
	} {
		text, err := Show([]byte(tt.value))
		if err != nil {
			t.Fatal(err)
		}
		got, err := text.Value([]byte(tt.edited))
		if string(got) != tt.want || (err == nil) != (tt.wantErr == "") || err != nil && !strings.Contains(err.Error(), tt.wantErr) {
			t.Errorf("%q edited to %q: %q, %v", tt.value, tt.edited, got, err)
		}
	}
}

func TestBoth(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ yours, theirs, want string }{
		{"a\nb\nc\n", "a\nx\nc\n", "a\n<<<<<<< yours\nb\n=======\nx\n>>>>>>> revision 3\nc\n"},
		{"a\n", "", "<<<<<<< yours\na\n=======\n>>>>>>> revision 3\n"},
		{"a\nb", "a\nb\nc\n", "a\n<<<<<<< yours\nb\n=======\nb\nc\n>>>>>>> revision 3\n"},
		{"a\na\n", "a\n", "a\n<<<<<<< yours\na\n=======\n>>>>>>> revision 3\n"},
	} {
		if got := string(Both([]byte(tt.yours), []byte(tt.theirs), "revision 3")); got != tt.want {
			t.Errorf("%q and %q: %q", tt.yours, tt.theirs, got)
		}
	}
}
