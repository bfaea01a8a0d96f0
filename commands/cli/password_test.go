package cli

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestAskPassword(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":               "",
		"\n":             "",
		"p":              "p",
		"p\n":            "p",
		" p q \r\nnext":  "p q",
		"\tp\r":          "p",
		"pä:ss\n\nthird": "pä:ss",
	} {
		var out, errs strings.Builder
		s := Streams{In: strings.NewReader(in), Out: &out, Err: &errs}
		got, err := s.AskPassword(t.Context(), "Password of x: ")
		if err != nil || got != want || out.String() != "Password of x: \n" || errs.String() != "" {
			t.Errorf("%q: got %q (%v), stdout %q, stderr %q", in, got, err, out.String(), errs.String())
		}
	}
}

func TestReadLine(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", longestLine)
	for _, tt := range []struct{ in, want, left string }{
		{"", "", ""},
		{"\nb\n", "", "b\n"},
		{" a b \nc", " a b ", "c"},
		{"a\r\nb", "a", "b"},
		{"a\r", "a", ""},
		{"a\rb\n", "a\rb", ""},
		{long + "\nb", long, "b"},
		{long, long, ""},
	} {
		// A reader may also give the last bytes together with the end.
		in := strings.NewReader(tt.in)
		for _, r := range []io.Reader{in, iotest.DataErrReader(strings.NewReader(tt.in))} {
			if got, err := (Streams{In: r}).ReadLine(t.Context()); err != nil || got != tt.want {
				t.Errorf("%.20q: got %.20q, %v", tt.in, got, err)
			}
		}
		if left, _ := io.ReadAll(in); string(left) != tt.left {
			t.Errorf("%.20q: left %q, want %q", tt.in, left, tt.left)
		}
	}
}

func TestReadLineFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken pipe")
	if got, err := (Streams{In: io.MultiReader(strings.NewReader("a"), iotest.ErrReader(broken))}).ReadLine(t.Context()); got != "" || !errors.Is(err, broken) {
		t.Errorf("got %q, %v", got, err)
	}
	got, err := (Streams{In: strings.NewReader(strings.Repeat("x", longestLine+1))}).ReadLine(t.Context())
	if got != "" || err == nil || err.Error() != "a line of more than 65536 bytes" {
		t.Errorf("got %.20q, %v", got, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	stuck, end := io.Pipe()
	defer end.Close()
	if _, err := (Streams{In: stuck}).ReadLine(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
